import assert from 'node:assert/strict';
import type { HostId } from '@pilothouse/contract';
import type { GateView } from '../../gates/service.ts';
import type { JudgeAnswer } from './simulated-rules.ts';
import { PROM_CONDITION, type VirtualPrometheus } from './virtual-prometheus.ts';

/** The condition of every simulated gate that looks at hosts, and what a host under it and one over it say of themselves. */
export const VITAL_CONDITION = 'vital("load1").touchedMax < 8.0';
export const LOADS = { well: 1, ill: 20 } as const;
const LOAD_MAX = 8;
/** So many of a host's last heartbeats count, and none that is older. */
const BEATS_KEPT = 30;
const BEAT_AGE_MS_MAX = 300_000;

/** What the server of the moment was told of loads, and which gates were passed by what was true. */
export interface GateTruth {
  heard(hostId: HostId, load: number, at: number): void;
  forget(hostId: HostId): void;
  forgetAll(): void;
  judged(...answer: JudgeAnswer): void;
  readonly passed: ReadonlySet<string>;
}

export const gateKey = (rolloutId: string, wave: number, gate: string): string =>
  `${rolloutId} ${wave} ${gate}`;

/** Judges every gate a second time, from what hosts and Prometheus have said, and holds the judge to that. */
export function createGateTruth(
  prometheus: VirtualPrometheus,
  isThere: (hostId: HostId) => boolean,
  now: () => number,
): GateTruth {
  const beats = new Map<HostId, { readonly load: number; readonly at: number }[]>();
  const passed = new Set<string>();
  const meanOf = (hostId: HostId, since: number): number | null => {
    const counted = (beats.get(hostId) ?? []).filter(
      ({ at }) => at >= since && at >= now() - BEAT_AGE_MS_MAX,
    );
    return counted.length === 0 ? null : counted.reduce((sum, { load }) => sum + load, 0) / counted.length;
  };
  const byVitals = ({ touched, waveEndedAt }: GateView) => {
    const means = touched
      .filter(({ hostId, state }) => state !== 'skipped' && isThere(hostId))
      .map(({ hostId }) => meanOf(hostId, waveEndedAt));
    if (means.includes(null)) return 'undetermined';
    return means.every((mean) => (mean ?? 0) < LOAD_MAX) ? 'holds' : 'fails';
  };
  const byProm = { well: 'holds', ill: 'fails', away: 'undetermined' } as const;
  return {
    passed,
    heard(hostId, load, at) {
      const all = beats.get(hostId) ?? [];
      beats.set(hostId, all);
      all.push({ load, at });
      if (all.length > BEATS_KEPT) all.shift();
    },
    forget: (hostId) => void beats.delete(hostId),
    forgetAll: () => beats.clear(),
    judged(gate, view, { kind }) {
      if (gate.kind !== 'check') return;
      const truth = gate.expression === PROM_CONDITION ? byProm[prometheus.mood] : byVitals(view);
      assert.equal(kind, truth, `gate ${gate.name}`);
      if (truth === 'holds' && view.isSoakOver) passed.add(gateKey(view.rolloutId, view.wave, gate.name));
    },
  };
}
