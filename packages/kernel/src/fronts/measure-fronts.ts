import type { Metrics } from '../http/index.ts';
import type { FrontStats } from './front-stats.ts';
import type { FrontAtDoor } from './fronts-at-door.ts';

const KINDS = ['full', 'resumed', 'failed'] as const;

/**
 * What fronts say of themselves, in the leader's measures: whoever scrapes reaches one process and sees them all. A server of
 * one process has none, and the same measures.
 */
export function measureFronts(metrics: Metrics, fronts: () => readonly FrontAtDoor[]): void {
  const each = (value: (front: FrontAtDoor) => number) => () =>
    Object.fromEntries(fronts().map((front) => [front.name, value(front)]));
  const said = (value: (stats: FrontStats) => number) =>
    each(({ stats }) => (stats === null ? 0 : value(stats)));
  metrics.gauges(
    'pilothouse_front_sessions',
    'front',
    each((front) => front.sessions),
  );
  metrics.gauges(
    'pilothouse_front_bytes_waiting',
    'front',
    each((front) => front.bytesWaiting),
  );
  metrics.gauges(
    'pilothouse_front_waiting',
    'front',
    said((stats) => stats.waiting),
  );
  metrics.gauges(
    'pilothouse_front_requests',
    'front',
    said((stats) => stats.requests),
  );
  metrics.gauges(
    'pilothouse_front_resident_bytes',
    'front',
    said((stats) => stats.residentBytes),
  );
  metrics.counted(
    'pilothouse_front_cpu_seconds_total',
    'front',
    said((stats) => stats.cpuSeconds),
  );
}

/** Handshakes of all fronts. */
export const handshakesOf = (fronts: readonly FrontAtDoor[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    KINDS.map((kind) => [kind, fronts.reduce((sum, { stats }) => sum + (stats?.handshakes[kind] ?? 0), 0)]),
  );
