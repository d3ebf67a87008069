/**
 * Plans as files: the request of the API in YAML or JSON, with what people write more easily: `hosts` by name, durations
 * such as `10m` wherever a key ends in Ms, `expiresIn` counted from the start. A key that means nothing is refused rather
 * than dropped: a misspelt limit must not become no limit.
 */
import { readFile } from 'node:fs/promises';
import { parseDuration } from '@pilothouse/cli-kit';
import { AppError, type Message, NewPlan, schemaProblem, toTimestamp } from '@pilothouse/contract';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

/** The largest parameters that a plan may have, 16 times, and room for comments. */
const FILE_CHARS_MAX = 8 * 1024 * 1024;
/** Deeper than anything that a plan holds. */
const DEPTH_MAX = 32;
const EXPIRES_AFTER_MS_MAX = 92 * 86_400_000;

const PlanFile = NewPlan.omit({ expiresAt: true }).extend({
  target: NewPlan.shape.target.omit({ hostIds: true }).extend({
    /** By name or id. */
    hosts: z.array(z.string().min(1).max(253)).max(100_000).optional(),
  }),
  expiresAt: NewPlan.shape.expiresAt,
  expiresInMs: z.number().int().min(1000).max(EXPIRES_AFTER_MS_MAX).optional(),
});

export interface PlanFileDeps {
  readonly resolveHost: (nameOrId: string) => Promise<string>;
  readonly now: number;
}

export async function readPlanFile(path: string, deps: PlanFileDeps): Promise<NewPlan> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('CLI_FILE_UNREADABLE', { path, reason }, { cause });
  });
  return planOfText(text, { ...deps, path });
}

/** AppError CLI_PLAN_FILE_INVALID with the place in the file. */
export async function planOfText(
  text: string,
  { path, resolveHost, now }: PlanFileDeps & { readonly path: string },
): Promise<NewPlan> {
  const raw = parseText(text, path);
  const parsed = PlanFile.safeParse(raw);
  if (!parsed.success) {
    const problem = schemaProblem(PlanFile, raw, parsed.error);
    throw invalid(path, placeOf(problem.path), problem.problem);
  }
  requireKnownKeys(path, [], raw, parsed.data);
  const { target, expiresInMs, ...rest } = parsed.data;
  const { hosts, ...named } = target;
  const hostIds: string[] = [];
  for (const name of hosts ?? []) hostIds.push(await resolveHost(name));
  const start = rest.notBefore === undefined ? now : Math.max(now, Date.parse(rest.notBefore));
  return {
    ...rest,
    target: { ...named, ...(hostIds.length === 0 ? {} : { hostIds }) },
    ...(expiresInMs === undefined ? {} : { expiresAt: toTimestamp(start + expiresInMs) }),
  };
}

function parseText(text: string, path: string): unknown {
  if (text.length > FILE_CHARS_MAX)
    throw invalid(path, '1', {
      en: `larger than ${FILE_CHARS_MAX} characters`,
      zh: `超过 ${FILE_CHARS_MAX} 个字符`,
    });
  const lineCounter = new LineCounter();
  // JSON's own schema: a date, an octal number or a merge key would mean something that is not written there.
  if (isLaborious(text)) throw invalid(path, '1', { en: 'nested too deeply', zh: '嵌套过深' });
  const document = parseDocument(text, { lineCounter, schema: 'core', merge: false, uniqueKeys: false });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    const words = problem.message.split('\n')[0] ?? '';
    throw invalid(path, `${line}:${col}`, {
      en: `it is no YAML or JSON ("${words}")`,
      zh: `不是 YAML 或 JSON（“${words}”）`,
    });
  }
  return valueOf(document.contents, { path, place: [], depth: 0 });
}

/** Brackets that are open at once; a text within a file that opens so many and closes none is no script either. */
const OPEN_MAX = 5_000;
/** Sequences within sequences, keys within keys, tags and anchors of one value, which the library takes longer over the more there are. */
const RUNS = /(?:[-?][ \t]+){1000}|(?:[!&]\S*\s+){1000}/;

/** Whether the library would take seconds or its stack to find out that the text is no plan. */
function isLaborious(text: string): boolean {
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1);
    if (open > OPEN_MAX) return true;
  }
  return RUNS.test(text);
}

interface Place {
  readonly path: string;
  readonly place: readonly PropertyKey[];
  readonly depth: number;
}

/** Plain values; durations become milliseconds. Aliases are refused: a few lines of them unfold to gigabytes. */
function valueOf(node: unknown, at: Place): unknown {
  const { path, place, depth } = at;
  if (depth > DEPTH_MAX) throw invalid(path, placeOf(place), { en: 'nested too deeply', zh: '嵌套过深' });
  if (isAlias(node)) throw invalid(path, placeOf(place), { en: 'aliases are not read', zh: '不支持别名' });
  const below = (key: PropertyKey): Place => ({ path, place: [...place, key], depth: depth + 1 });
  if (isMap(node))
    return uniquely(
      at,
      node.items.map(({ key, value }) => {
        const name = isScalar(key) ? String(key.value) : '';
        return nameAndValue(name, valueOf(value, below(name)), below(name));
      }),
    );
  if (isSeq(node)) return node.items.map((item, index) => valueOf(item, below(index)));
  return isScalar(node) ? node.value : null;
}

/** Checked here, since the library compares each key with all before it: ten thousand would take seconds. */
function uniquely({ path, place }: Place, entries: readonly (readonly [string, unknown])[]): unknown {
  const names = new Set<string>();
  for (const [name] of entries) {
    if (names.has(name))
      throw invalid(path, placeOf([...place, name]), { en: 'it is there twice', zh: '重复出现' });
    names.add(name);
  }
  return Object.fromEntries(entries);
}

/** `soakMs: 10m` and `soak: 10m` mean the same; what actions take is theirs and stays as it is. */
function nameAndValue(name: string, value: unknown, { place }: Place): [string, unknown] {
  if (place.length === 1 && MOMENTS.includes(name) && typeof value === 'string') {
    const at = Date.parse(value);
    return [name, Number.isNaN(at) ? value : toTimestamp(at)];
  }
  if (place.includes('parameters') || typeof value !== 'string' || !/^(\d+[smhd])+$/.test(value))
    return [name, value];
  if (name.endsWith('Ms')) return [name, parseDuration(value)];
  return DURATIONS.includes(`${name}Ms`) ? [`${name}Ms`, parseDuration(value)] : [name, value];
}

const MOMENTS: readonly string[] = ['notBefore', 'expiresAt'];
const DURATIONS: readonly string[] = [
  'soakMs',
  'everyMs',
  'waitMs',
  'pauseMs',
  'timeoutMs',
  'durationMs',
  'taskTimeoutMs',
  'factsAgeMaxMs',
  'expiresInMs',
];

/** Schemas drop what they do not know; here that is a mistake of whoever wrote the file. */
function requireKnownKeys(path: string, place: readonly PropertyKey[], given: unknown, read: unknown): void {
  if (place.at(-1) === 'parameters' || typeof given !== 'object' || given === null) return;
  const known = typeof read === 'object' && read !== null ? Object.entries(read) : [];
  const byKey = new Map(known);
  for (const [key, value] of Object.entries(given)) {
    const here = [...place, Array.isArray(given) ? Number(key) : key];
    if (!byKey.has(key))
      throw invalid(path, placeOf(here), { en: 'nothing here is called that', zh: '此处没有该名称' });
    requireKnownKeys(path, here, value, byKey.get(key));
  }
}

const placeOf = (place: readonly PropertyKey[]): string => place.map(String).join('.') || '1';

const invalid = (path: string, where: string, problem: Message): AppError =>
  new AppError('CLI_PLAN_FILE_INVALID', { path, where, problem });
