import type { Gate, HostId, Strategy } from '@pilothouse/contract';
import type { PlanRequest } from '../service.ts';
import { anyRecurrence } from './calendar-truth.ts';
import { VITAL_CONDITION } from './gate-truth.ts';
import type { Random } from './random.ts';
import { PROM_CONDITION } from './virtual-prometheus.ts';

const HOUR_MS = 3_600_000;

/** Large fleets move in large steps, or nobody would see the end. */
export const stepOf = (hosts: number): number => Math.ceil(hosts / 50);

/** Any plan that a person might make over these hosts. */
export function anyPlan(random: Random, hostIds: readonly HostId[], now: number): PlanRequest {
  const chosen = hostIds.filter(() => random.isLikely(0.8));
  const isUndoable = random.isLikely(0.5);
  return {
    title: 'simulated',
    target: { hostIds: chosen.length > 0 ? chosen : [...hostIds] },
    actions: [{ action: isUndoable ? 'test.change' : 'test.run', parameters: { text: 'x' } }],
    strategy: anyStrategy(random, hostIds.length, isUndoable),
    notBefore: now + (random.isLikely(0.2) ? HOUR_MS / 2 : 0),
    expiresAt: now + (random.isLikely(0.15) ? HOUR_MS : 48 * HOUR_MS),
  };
}

function anyStrategy(random: Random, hosts: number, isUndoable: boolean): Partial<Strategy> {
  const size = stepOf(hosts);
  const failuresMax = random.isLikely(0.3) ? null : random.int(4);
  const gates = anyGates(random);
  const hasProbes = gates.some((gate) => gate.kind === 'probes');
  return {
    waves: random.pick<Strategy['waves']>([
      { kind: 'all' },
      { kind: 'fixed', hostsPerWave: size * (1 + random.int(Math.max(1, Math.min(hosts, 6)))) },
      { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 40 }] },
      { kind: 'per-label', canary: null, label: 'rack', order: [] },
    ]),
    inFlightMax: size * (1 + random.int(6)),
    failuresMax,
    offline: random.pick(['wait', 'wait', 'skip', 'fail']),
    taskTimeoutMs: 600_000,
    ...(random.isLikely(0.3) ? { waveFailuresMax: random.int((failuresMax ?? 3) + 1) } : {}),
    ...(random.isLikely(0.2) ? { failuresPercentMax: random.int(60) } : {}),
    ...(random.isLikely(0.25)
      ? { inFlightPerLabel: { label: 'rack', max: size * (1 + random.int(2)) } }
      : {}),
    ...(gates.length > 0 ? { gates } : {}),
    ...(hasProbes
      ? {
          probes: [{ kind: 'unit', name: 'web', unit: 'web.service', tries: 1, pauseMs: 0, timeoutMs: 1000 }],
        }
      : {}),
    ...(random.isLikely(0.15) ? { windows: [anyRecurrence(random)] } : {}),
    ...(isUndoable && random.isLikely(0.6) ? { onFailure: 'rollback' } : {}),
  };
}

function anyGates(random: Random): Gate[] {
  const gates: Gate[] = [];
  const soakMs = random.pick([0, 30_000, 120_000]);
  if (random.isLikely(0.35))
    gates.push({
      kind: 'check',
      name: 'calm',
      after: 'each',
      expression: random.pick([PROM_CONDITION, VITAL_CONDITION]),
      soakMs,
    });
  if (random.isLikely(0.2))
    gates.push({
      kind: 'probes',
      name: 'well',
      after: 'each',
      soakMs,
      everyMs: 10_000,
      failingMax: random.int(2),
    });
  if (random.isLikely(0.12)) gates.push({ kind: 'confirm', name: 'ask', after: 'each', text: 'well?' });
  if (random.isLikely(0.12)) gates.push({ kind: 'wait', name: 'tea', after: 'each', waitMs: 60_000 });
  if (random.isLikely(0.12))
    gates.push({ kind: 'notify', name: 'tell', after: 'each', channel: 'team', text: '' });
  return gates;
}
