import type { FactDifference } from '@pilothouse/contract';

/** Fields that name an entry of a list, the first that tells all entries apart wins. */
const NAMING_FIELDS: readonly (readonly string[])[] = [
  ['id'],
  ['name'],
  ['path'],
  ['name', 'arch'],
  ['name', 'version'],
  ['name', 'version', 'arch'],
  ['mountPoint'],
  ['device'],
  ['address'],
  ['unit'],
  ['file', 'schedule', 'command'],
];

type Json = FactDifference['before'];
type Members = Readonly<Record<string, Json>>;

const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What is different between two bodies, as a person would say it: entries of lists are told apart by their name where they
 * have one (so a package that was updated is one change, and not a hundred shifted lines), plain values by themselves.
 */
export function diffBodies(before: Json, after: Json): FactDifference[] {
  return diffValues([], before, after);
}

function diffValues(path: readonly string[], before: Json, after: Json): FactDifference[] {
  if (Array.isArray(before) && Array.isArray(after)) return diffLists(path, before, after);
  if (isMembers(before) && isMembers(after)) return diffMembers(path, before, after);
  return canonical(before) === canonical(after) ? [] : [{ kind: 'changed', path: [...path], before, after }];
}

function diffMembers(path: readonly string[], before: Members, after: Members): FactDifference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key): FactDifference[] => {
    const [left, right] = [own(before, key), own(after, key)];
    const below = [...path, key];
    if (left === undefined) return [{ kind: 'added', path: below, before: null, after: right ?? null }];
    if (right === undefined) return [{ kind: 'removed', path: below, before: left, after: null }];
    return diffValues(below, left, right);
  });
}

const own = (members: Members, key: string): Json | undefined =>
  Object.hasOwn(members, key) ? members[key] : undefined;

function diffLists(
  path: readonly string[],
  before: readonly Json[],
  after: readonly Json[],
): FactDifference[] {
  const fields = namingFields(before, after);
  if (fields !== null) return diffMembers(path, byName(before, fields), byName(after, fields));
  return diffPlain(path, before, after);
}

/** Entries without names come and go; how often the same one stands there counts. */
function diffPlain(
  path: readonly string[],
  before: readonly Json[],
  after: readonly Json[],
): FactDifference[] {
  const counts = new Map<string, { value: Json; count: number }>();
  const count = (value: Json, by: number) => {
    const key = canonical(value);
    const known = counts.get(key) ?? { value, count: 0 };
    known.count += by;
    counts.set(key, known);
  };
  for (const value of before) count(value, -1);
  for (const value of after) count(value, 1);
  return [...counts.entries()].flatMap(([key, { value, count: left }]) => {
    const below = [...path, typeof value === 'string' ? value : key];
    const one: FactDifference =
      left > 0
        ? { kind: 'added', path: below, before: null, after: value }
        : { kind: 'removed', path: below, before: value, after: null };
    return Array.from({ length: Math.abs(left) }, () => one);
  });
}

function namingFields(before: readonly Json[], after: readonly Json[]): readonly string[] | null {
  if (before.length === 0 && after.length === 0) return null;
  return NAMING_FIELDS.find((fields) => isNamed(before, fields) && isNamed(after, fields)) ?? null;
}

/** Whether every entry has these fields, and no two have the same in them. */
function isNamed(list: readonly Json[], fields: readonly string[]): boolean {
  const names = new Set(list.map((entry) => nameOf(entry, fields)));
  return !names.has(null) && names.size === list.length;
}

function nameOf(entry: Json, fields: readonly string[]): string | null {
  if (!isMembers(entry)) return null;
  const parts = fields.map((field) => own(entry, field));
  const texts = parts.filter((part) => typeof part === 'string' || typeof part === 'number');
  return texts.length === fields.length ? texts.join(' ') : null;
}

function byName(list: readonly Json[], fields: readonly string[]): Members {
  // A name may be anything, `__proto__` too.
  const members: Record<string, Json> = Object.create(null);
  for (const entry of list) members[nameOf(entry, fields) ?? ''] = entry;
  return members;
}

/** Equal for equal values, whatever the order of their members and entries. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join(',')}]`;
  if (!isMembers(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`);
  return `{${members.join(',')}}`;
}
