/**
 * What a plan does on its hosts, in words: hosts with the same step stand together, and each action with its parameters. Short
 * values are shown whole; of long ones, files above all, size and digest, until somebody asks for everything.
 */
import { type CliContext, flag, plain } from '@pilothouse/cli-kit';
import { type Client, collectAll, listAll } from '@pilothouse/client';
import {
  canonicalJson,
  digestOfText,
  type JsonObject,
  type Plan,
  planRoutes,
  type StepAction,
} from '@pilothouse/contract';

const HOSTS_SHOWN = 8;
const GROUPS_SHOWN = 20;
/** About two lines of a terminal: a command line, a path, a list of arguments. */
const VALUE_CHARS_SHOWN = 160;
/** One page: whoever looks at a large plan without asking for everything waits for no more. */
const STEPS_LOOKED_AT = 1000;

export const fullOption = flag({
  about: {
    en: 'Show long parameters, such as the content of files, and all hosts',
    zh: '完整显示较长的参数（如文件内容）和全部主机',
  },
});

const WORDS = {
  value: { en: '{bytes} bytes, SHA-256 {digest}', zh: '{bytes} 字节，SHA-256 {digest}' },
  steps: { en: 'On each host', zh: '在各主机上' },
  more: {
    en: '  … and what {hosts} more {hosts:host|hosts} {hosts:does|do}: --full',
    zh: '  ……另有 {hosts} 台主机的步骤，使用 --full 查看',
  },
  unseen: {
    en: '  … and {hosts} {hosts:host|hosts} that you may not see',
    zh: '  ……另有 {hosts} 台主机您无权查看',
  },
  hidden: { en: 'Long parameters are shown whole with --full', zh: '使用 --full 完整显示较长的参数' },
};

interface HostStep {
  readonly hostId: string;
  readonly hostName: string | null;
  readonly actions: readonly StepAction[];
}

interface StepGroup {
  readonly actions: readonly StepAction[];
  readonly hosts: readonly { readonly id: string; readonly name: string }[];
}

/** Hosts that are to do just the same, together; the largest group first. */
export function groupSteps(steps: readonly HostStep[]): StepGroup[] {
  const groups = new Map<string, { actions: readonly StepAction[]; hosts: { id: string; name: string }[] }>();
  for (const { actions, hostId, hostName } of steps) {
    const key = canonicalJson(actions);
    const group = groups.get(key) ?? { actions, hosts: [] };
    group.hosts.push({ id: hostId, name: hostName ?? hostId });
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.hosts.length - a.hosts.length);
}

export interface PlanSteps {
  readonly groups: readonly StepGroup[];
  /** Hosts of the plan that are in no group: they were not read, or this person may not see them. */
  readonly absentCount: number;
}

/** As the server shows them. What is approved or signed is read by `fetchCheckedPlan`, which believes no server. */
export async function fetchSteps(
  client: Client,
  { digest, header }: Plan,
  isFull: boolean,
): Promise<PlanSteps> {
  const page = (cursor?: string) =>
    client.call(planRoutes.steps, {
      params: { digest },
      query: { limit: STEPS_LOOKED_AT, ...(cursor === undefined ? {} : { cursor }) },
    });
  const rows = isFull ? await collectAll(listAll(page, header.stepsCount + 1)) : (await page()).items;
  return { groups: groupSteps(rows), absentCount: header.stepsCount - rows.length };
}

export function printSteps(context: CliContext, steps: PlanSteps, isFull: boolean): void {
  const lines = stepLines(context, steps, isFull);
  context.terminal.write(`${[context.say(WORDS.steps), ...lines].join('\n')}\n`);
}

export function stepLines(
  { say }: Pick<CliContext, 'say'>,
  { groups, absentCount }: PlanSteps,
  isFull: boolean,
): string[] {
  const shown = isFull ? groups : groups.slice(0, GROUPS_SHOWN);
  const rest = groups.slice(shown.length).reduce((sum, { hosts }) => sum + hosts.length, absentCount);
  let isCut = false;
  const lines = shown.flatMap(({ actions, hosts }) => {
    const named = isFull ? hosts : hosts.slice(0, HOSTS_SHOWN);
    const more = named.length < hosts.length ? `, … (${hosts.length})` : '';
    const details = actions.map((action) => actionLines(say, action, isFull));
    isCut ||= details.some((each) => each.isCut);
    const who = named.map(({ name, id }) => (name === id ? id : `${name} (${id})`)).join(', ');
    return [...(who === '' ? [] : [`  ${plain(who)}${more}`]), ...details.flatMap((each) => each.lines)];
  });
  if (rest > 0) lines.push(say(isFull ? WORDS.unseen : WORDS.more, { hosts: rest }));
  if (isCut) lines.push(`  ${say(WORDS.hidden)}`);
  return lines;
}

type ShownAction = Pick<StepAction, 'action' | 'when'> & {
  readonly parameters: JsonObject;
  readonly contents?: readonly string[];
};

/** Actions of which nobody knows yet on which hosts they will run. */
export function actionsLines(
  { say }: Pick<CliContext, 'say'>,
  actions: readonly ShownAction[],
  isFull: boolean,
): string[] {
  const all = actions.map((action) => actionLines(say, action, isFull));
  const hidden = all.some(({ isCut }) => isCut) ? [`  ${say(WORDS.hidden)}`] : [];
  return [...all.flatMap(({ lines }) => lines), ...hidden];
}

interface Lines {
  readonly lines: readonly string[];
  readonly isCut: boolean;
}

function actionLines(
  say: CliContext['say'],
  { action, parameters, contents = [], when }: ShownAction,
  isFull: boolean,
): Lines {
  const turn = when === undefined ? '' : ` [${when}]`;
  const beside = contents.length === 0 ? '' : `  + ${contents.join(', ')}`;
  const values = Object.entries(parameters).map(([name, value]) => valueLines(say, { name, value, isFull }));
  return {
    lines: [`    ${action}${turn}${beside}`, ...values.flatMap(({ lines }) => lines)],
    isCut: values.some(({ isCut }) => isCut),
  };
}

function valueLines(
  say: CliContext['say'],
  { name, value, isFull }: { name: string; value: JsonObject[string]; isFull: boolean },
): Lines {
  const text = typeof value === 'string' ? value : canonicalJson(value);
  if (text.length <= VALUE_CHARS_SHOWN && !/[\n\r]/.test(text))
    return { lines: [`      ${name}: ${plain(text)}`], isCut: false };
  // Of a text the digest is what `sha256sum` says of the same file.
  const size = { bytes: Buffer.byteLength(text), digest: digestOfText(text) };
  const head = `      ${name}: ${say(WORDS.value, size)}`;
  const body = isFull ? plain(text).replace(/\n$/, '').split('\n') : [];
  return { lines: [head, ...body.map((line) => `        | ${line}`)], isCut: !isFull };
}
