import type { Metrics } from '../http/index.ts';
import type { FrontStats } from './front-stats.ts';
import type { FrontAtDoor } from './fronts-at-door.ts';
import type { LeaderDoor } from './leader-door.ts';

const KINDS = ['full', 'resumed', 'failed'] as const;

/** What fronts say of themselves, in the leader's measures: whoever scrapes reaches one process and sees them all. */
export function measureFronts(metrics: Metrics, door: Pick<LeaderDoor, 'fronts'>): void {
  const each = (value: (front: FrontAtDoor) => number) => () =>
    Object.fromEntries(door.fronts().map((front) => [front.name, value(front)]));
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
  metrics.counted('pilothouse_gateway_handshakes_total', 'kind', () => {
    const fronts = door.fronts();
    return Object.fromEntries(
      KINDS.map((kind) => [kind, fronts.reduce((sum, { stats }) => sum + (stats?.handshakes[kind] ?? 0), 0)]),
    );
  });
}
