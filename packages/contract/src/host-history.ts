/**
 * What hosts write down of themselves, and what their records show when they are laid side by side: that a plan went
 * another way than people signed. A stolen server can start a later wave too soon; it cannot make the hosts forget when.
 *
 * Limits: the times are the hosts' own, so the check allows for clocks that differ; a host whose record is not brought
 * cannot speak. Whether the expression of a gate was true nobody can tell from here, only that its time was waited for.
 */
import { z } from 'zod';
import { HostId } from './host-id.ts';
import type { PlanHeader } from './plan.ts';
import { Digest, Timestamp } from './scalars.ts';

const common = { at: Timestamp, hostId: HostId, taskId: z.string().max(64), attempt: z.number().int() };

/** One line of a host's history. */
export const HistoryRecord = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('began'),
    ...common,
    taskKind: z.enum(['run', 'dry-run', 'probe']),
    planDigest: Digest,
    title: z.string().max(200),
    rolloutId: z.string().max(64),
    actions: z.array(z.string().max(80)).max(16),
    /** From 0, and how many hosts are in it; null where the plan names no waves. */
    wave: z.number().int().nullable(),
    waveHosts: z.number().int().nullable(),
    /** What the plan's gates ask to wait between the wave before and this one. */
    soakMs: z.number().int(),
    /** By whose word: `server`, `policy`, `plan`, `mandate`, `undo`; and the operators' keys that counted. */
    by: z.string().max(20),
    keys: z.array(z.string().max(16)).max(64),
    mandate: Digest.nullable(),
    /** What the server said the time was. */
    serverTime: Timestamp,
  }),
  z.object({ kind: z.literal('ended'), ...common, outcome: z.string().max(20), code: z.string().nullable() }),
]);
export type HistoryRecord = z.infer<typeof HistoryRecord>;
export type HistoryStart = Extract<HistoryRecord, { kind: 'began' }>;

/** The longest wait that the gates before this wave ask for; they are passed one after another, so it is no less. */
export function soakBefore({ strategy }: Pick<PlanHeader, 'strategy'>, wave: number | null): number {
  if (wave === null || wave === 0) return 0;
  const waits = (strategy.gates ?? []).map((gate) => {
    if (gate.after !== 'each' && gate.after !== wave) return 0;
    if (gate.kind === 'wait') return gate.waitMs;
    return 'soakMs' in gate ? gate.soakMs : 0;
  });
  return Math.max(0, ...waits);
}

export type HistoryProblem =
  /** It began although a host of the wave before had not ended. */
  | { readonly kind: 'wave-skipped'; readonly start: HistoryStart; readonly other: HistoryStart }
  /** It is the first of its wave, and no record says that any host of the wave before ever began. */
  | { readonly kind: 'wave-missing'; readonly start: HistoryStart }
  /** It began before the time that the gates ask for had passed. */
  | { readonly kind: 'soak-skipped'; readonly start: HistoryStart; readonly waitedMs: number }
  /** One step of a plan began more than once on this host. */
  | { readonly kind: 'ran-again'; readonly start: HistoryStart };

export interface HistoryReport {
  readonly problems: readonly HistoryProblem[];
  readonly hostsCount: number;
  readonly startsCount: number;
  /** Hosts of earlier waves whose record was not brought, over all plans. */
  readonly silentCount: number;
}

/** Lays the records of several hosts side by side. `toleranceMs`: how far their clocks may differ. */
export function checkHistories(records: readonly HistoryRecord[], toleranceMs: number): HistoryReport {
  const ends = new Map<string, number>();
  for (const each of records) if (each.kind === 'ended') ends.set(nameOf(each), Date.parse(each.at));
  const starts = records.filter((each): each is HistoryStart => each.kind === 'began');
  const runs = starts.filter(({ taskKind }) => taskKind === 'run');
  const problems: HistoryProblem[] = [];
  let silentCount = 0;
  for (const plan of grouped(runs, ({ planDigest }) => planDigest).values()) {
    problems.push(...repeatedIn(plan));
    const waves = grouped(plan, ({ wave }) => wave ?? -1);
    problems.push(...withoutWaveBefore(waves));
    for (const start of plan) {
      const before = start.wave === null ? undefined : waves.get(start.wave - 1);
      if (before !== undefined) problems.push(...tooEarly(start, before, { ends, toleranceMs }));
    }
    silentCount += silentIn(waves);
  }
  const hostsCount = new Set(records.map(({ hostId }) => hostId)).size;
  return { problems, hostsCount, startsCount: runs.length, silentCount };
}

function grouped<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

const nameOf = ({ hostId, taskId, attempt }: { hostId: string; taskId: string; attempt: number }): string =>
  `${hostId}/${taskId}#${attempt}`;

function repeatedIn(plan: readonly HistoryStart[]): HistoryProblem[] {
  const seen = new Set<string>();
  return plan.flatMap((start) => {
    if (start.by === 'mandate' || !seen.has(start.hostId)) {
      seen.add(start.hostId);
      return [];
    }
    return [{ kind: 'ran-again' as const, start }];
  });
}

/** Left out by the server, by each host for a reason of its own, or not brought: somebody has to find out which. */
function withoutWaveBefore(waves: ReadonlyMap<number, readonly HistoryStart[]>): HistoryProblem[] {
  return [...waves].flatMap(([wave, starts]) => {
    if (wave <= 0 || waves.has(wave - 1)) return [];
    const start = starts.reduce((early, each) => (each.at < early.at ? each : early));
    return [{ kind: 'wave-missing' as const, start }];
  });
}

function tooEarly(
  start: HistoryStart,
  before: readonly HistoryStart[],
  { ends, toleranceMs }: { readonly ends: ReadonlyMap<string, number>; readonly toleranceMs: number },
): HistoryProblem[] {
  const beganMs = Date.parse(start.at) + toleranceMs;
  const endsMs = before.map((other) => ends.get(nameOf(other)) ?? Number.POSITIVE_INFINITY);
  const other = before[endsMs.findIndex((endMs) => endMs > beganMs)];
  if (other !== undefined) return [{ kind: 'wave-skipped', start, other }];
  const waitedMs = Date.parse(start.at) - Math.max(...endsMs);
  return waitedMs + toleranceMs < start.soakMs ? [{ kind: 'soak-skipped', start, waitedMs }] : [];
}

/** Where a later wave has records, the hosts of each earlier wave that have none. */
function silentIn(waves: ReadonlyMap<number, readonly HistoryStart[]>): number {
  const last = Math.max(...waves.keys());
  let count = 0;
  for (const [wave, starts] of waves) {
    const hosts = new Set(starts.map(({ hostId }) => hostId)).size;
    if (wave >= 0 && wave < last) count += Math.max(0, (starts[0]?.waveHosts ?? 0) - hosts);
  }
  return count;
}
