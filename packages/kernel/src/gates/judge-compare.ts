import type { ComparedMeasure, Gate, GateVerdict, HostId, JsonObject } from '@pilothouse/contract';
import { chancePerLook } from './chance-per-look.ts';
import { changedHosts, EVIDENCE_HOSTS_MAX, type FetchDeps, meansOf } from './fetch-values.ts';
import { chanceOfHigher, smallestP } from './rank-test.ts';
import type { GateView } from './service.ts';

type CompareGate = Extract<Gate, { kind: 'compare' }>;

/** One number a host on each side, higher is worse; or why there is none. */
type Sides =
  | {
      readonly kind: 'sides';
      readonly touched: ReadonlyMap<HostId, number>;
      readonly untouched: ReadonlyMap<HostId, number>;
    }
  | { readonly kind: 'none'; readonly code: string; readonly details: JsonObject };

const undetermined = (code: string, details: JsonObject, evidence: JsonObject = {}): GateVerdict => ({
  kind: 'undetermined',
  reason: { code, details },
  evidence,
});

/** Canary against control, with one look after a wave, at the end of the soak; chance-per-look.ts says what it may halt. */
export async function judgeCompare(deps: FetchDeps, gate: CompareGate, view: GateView): Promise<GateVerdict> {
  const evidence: JsonObject = {};
  const alpha = chancePerLook(gate, view.wavesCount);
  let worse: GateVerdict['reason'] = null;
  for (const measure of gate.measures) {
    const name = measureName(measure);
    const sides = await sidesOf(deps, measure, view);
    if (sides.kind === 'none') return undetermined(sides.code, sides.details, evidence);
    const touched = sides.touched.size;
    const untouched = sides.untouched.size;
    if (smallestP(touched, untouched) > alpha)
      return undetermined('GATE_TOO_FEW_HOSTS', { touched, untouched, falseHaltRate: gate.falseHaltRate });
    const compared = compare(measure, sides);
    evidence[name] = { ...compared, alpha, worstTouched: worstOf(deps, sides.touched) };
    const { touchedMedian, untouchedMedian, chance } = compared;
    if (view.isSoakOver && chance <= alpha)
      worse ??= {
        code: 'GATE_WORSE',
        details: { measure: name, touchedMedian, untouchedMedian, chance: rounded(chance) },
      };
  }
  return { kind: worse === null ? 'holds' : 'fails', reason: worse, evidence };
}

export const measureName = (measure: ComparedMeasure): string =>
  measure.kind === 'vital' ? measure.vital : measure.query;

function compare(measure: ComparedMeasure, sides: Extract<Sides, { kind: 'sides' }>) {
  const sign = measure.kind === 'promql' && measure.worse === 'lower' ? -1 : 1;
  const margin = measure.byAtLeast ?? 0;
  const touched = [...sides.touched.values()];
  const untouched = [...sides.untouched.values()];
  const chance = chanceOfHigher(
    touched.map((value) => sign * value - margin),
    untouched.map((value) => sign * value),
  );
  return {
    chance,
    touchedMedian: rounded(medianOf(touched)),
    untouchedMedian: rounded(medianOf(untouched)),
    touchedCount: touched.length,
    untouchedCount: untouched.length,
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

const rounded = (value: number): number => Number(value.toPrecision(3));

async function sidesOf(deps: FetchDeps, measure: ComparedMeasure, view: GateView): Promise<Sides> {
  const touchedHosts = changedHosts(view);
  if (measure.kind === 'promql') return promSides(deps, measure, { touchedHosts, untouched: view.untouched });
  const of = { vital: measure.vital, since: view.waveEndedAt };
  const touched = meansOf(deps, touchedHosts, of);
  const untouched = meansOf(deps, view.untouched, of);
  if (touched.missing > 0)
    return {
      kind: 'none',
      code: 'GATE_NO_SAMPLES',
      details: { hosts: touched.missing, measure: measure.vital },
    };
  return { kind: 'sides', touched: touched.values, untouched: untouched.values };
}

async function promSides(
  deps: FetchDeps,
  measure: Extract<ComparedMeasure, { kind: 'promql' }>,
  hosts: { readonly touchedHosts: readonly HostId[]; readonly untouched: readonly HostId[] },
): Promise<Sides> {
  const answer = await deps.prometheus?.query(measure.query);
  if (answer?.kind !== 'samples') {
    const problem = answer?.problem ?? 'none is configured';
    return { kind: 'none', code: 'GATE_PROMETHEUS_UNREACHABLE', details: { problem } };
  }
  const byName = new Map<string, number>();
  for (const { labels, value } of answer.samples) {
    const name = withoutPort(labels[measure.hostLabel] ?? '');
    if (name !== '' && !Number.isNaN(value)) byName.set(name, value);
  }
  if (byName.size === 0) return { kind: 'none', code: 'GATE_QUERY_EMPTY', details: { query: measure.query } };
  const valuesOf = (hostIds: readonly HostId[]) => {
    const values = new Map<HostId, number>();
    for (const hostId of hostIds) {
      const host = deps.hosts.index.get(hostId);
      const value = byName.get(host?.name ?? '') ?? byName.get(host?.address ?? '');
      if (value !== undefined) values.set(hostId, value);
    }
    return values;
  };
  const touched = valuesOf(hosts.touchedHosts);
  const missing = hosts.touchedHosts.filter((id) => deps.hosts.index.has(id) && !touched.has(id)).length;
  if (missing > 0)
    return { kind: 'none', code: 'GATE_NO_SAMPLES', details: { hosts: missing, measure: measure.query } };
  return { kind: 'sides', touched, untouched: valuesOf(hosts.untouched) };
}

/** `web-1:9100` → `web-1`; `[2001:db8::1]:9100` → `2001:db8::1`. */
export const withoutPort = (instance: string): string =>
  /^\[(.+)\](:\d+)?$/.exec(instance)?.[1] ?? instance.replace(/^([^:]+):\d+$/, '$1');

function worstOf(deps: Pick<FetchDeps, 'hosts'>, values: ReadonlyMap<HostId, number>): JsonObject {
  const sorted = [...values].sort(([, a], [, b]) => b - a).slice(0, EVIDENCE_HOSTS_MAX);
  return Object.fromEntries(
    sorted.map(([id, value]) => [deps.hosts.index.get(id)?.name ?? id, rounded(value)]),
  );
}
