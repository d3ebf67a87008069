import type { StorageBody } from '../contract.ts';
import { sortedBy, sortedUnique } from './canonical-order.ts';
import { clipLine, clipWord, integerOf, linesOf, type Parsed } from './parsed.ts';

type Raid = StorageBody['raids'][number];
type Lvm = NonNullable<StorageBody['lvm']>;

/** /proc/swaps: a header, then path, type, KiB, used, priority. */
export function parseSwaps(text: string): Parsed<StorageBody['swaps']> {
  const swaps: StorageBody['swaps'] = [];
  let unknownLines = 0;
  for (const line of linesOf(text).slice(1)) {
    const [device, , size] = line.trim().split(/\s+/);
    const kib = integerOf(size);
    if (!device || kib === null) unknownLines += 1;
    else swaps.push({ device: clipLine(device), sizeBytes: kib * 1024 });
  }
  return { value: sortedBy(swaps, (s) => s.device), unknownLines };
}

/** /proc/mdstat. Progress of a resync ticks and is left out; `[U_]` tells a missing member. */
export function parseMdstat(text: string): Parsed<Raid[]> {
  const raids: Raid[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    const head = /^(md\S*) : (.+)$/.exec(line);
    const last = raids.at(-1);
    if (head?.[1] !== undefined) raids.push(raidOf(head[1], (head[2] ?? '').split(/\s+/)));
    else if (/^\s+\d+ blocks/.test(line) && last !== undefined) {
      raids[raids.length - 1] = { ...last, isDegraded: /\[[U_]*_[U_]*\]/.test(line) };
    } else if (!/^(?:Personalities|unused devices|read_ahead)|^\s|^$/.test(line)) unknownLines += 1;
  }
  return { value: sortedBy(raids, (r) => r.name), unknownLines };
}

/** `active (auto-read-only) raid1 sdb1[1] sda1[0](F)`; an inactive array has no level. */
function raidOf(name: string, words: readonly string[]): Raid {
  const members = words.filter((word) => /\[\d+\]/.test(word));
  return {
    name: clipWord(name),
    level: clipWord(words.find((word) => /^(?:raid\d+|linear|multipath|faulty)$/.test(word)) ?? 'unknown'),
    isActive: words[0] === 'active',
    isDegraded: members.some((member) => member.includes('(F)')),
    members: sortedUnique(members.map((member) => clipWord(member.replace(/\[.*$/, '')))),
  };
}

/** Options that make vgs, lvs and pvs print `name|name|bytes`. */
export const LVM_FORMAT = ['--noheadings', '--units', 'b', '--nosuffix', '--separator', '|'];

export function parseVolumeGroups(text: string): Parsed<Lvm['volumeGroups']> {
  const { value, unknownLines } = rowsOf(text, 2);
  const rows = value.map(([name = '', size]) => ({ name, sizeBytes: integerOf(size) ?? 0 }));
  return { value: sortedBy(rows, (r) => r.name), unknownLines };
}

export function parseLogicalVolumes(text: string): Parsed<Lvm['logicalVolumes']> {
  const { value, unknownLines } = rowsOf(text, 3);
  const rows = value.map(([group = '', name = '', size]) => ({
    group,
    name,
    sizeBytes: integerOf(size) ?? 0,
  }));
  return {
    value: sortedBy(
      rows,
      (r) => r.group,
      (r) => r.name,
    ),
    unknownLines,
  };
}

export function parsePhysicalVolumes(text: string): Parsed<Lvm['physicalVolumes']> {
  const { value, unknownLines } = rowsOf(text, 3);
  const rows = value.map(([device = '', group = '', size]) => ({
    device,
    group: group === '' ? null : group,
    sizeBytes: integerOf(size) ?? 0,
  }));
  return { value: sortedBy(rows, (r) => r.device), unknownLines };
}

function rowsOf(text: string, columnsCount: number): Parsed<string[][]> {
  const value: string[][] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    if (line.trim() === '') continue;
    const columns = line
      .trim()
      .split('|')
      .map((column) => clipWord(column.trim()));
    if (columns.length === columnsCount) value.push(columns);
    else unknownLines += 1;
  }
  return { value, unknownLines };
}
