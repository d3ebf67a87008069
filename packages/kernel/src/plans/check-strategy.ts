import { AppError, type Gate, type Interruption, type Strategy, toTimestamp } from '@pilothouse/contract';
import type { BudgetLedger } from '../budgets/service.ts';
import type { CalendarService } from '../calendar/service.ts';
import { chancePerLook, smallestP } from '../gates/index.ts';
import type { GatesService } from '../gates/service.ts';
import type { HostEntry } from '../hosts/service.ts';
import type { NotificationsService } from '../notifications/service.ts';
import { namesOf } from './resolve-targets.ts';

/** Whoever else has a word in whether a strategy can be carried out. */
export interface StrategyJudges {
  readonly gates: Pick<GatesService, 'check'>;
  readonly calendar: Pick<CalendarService, 'checkWindows' | 'neverOpen' | 'closedFor'>;
  readonly budgets: Pick<BudgetLedger, 'impossibleFor'>;
  readonly notifications: Pick<NotificationsService, 'hasChannel'>;
}

export interface StrategyCase {
  readonly strategy: Strategy;
  readonly hosts: readonly HostEntry[];
  /** Hosts of each wave, in order. */
  readonly waveSizes: readonly number[];
  readonly interrupts: Interruption;
  /** False: it only looks, which windows, freezes and budgets do not forbid. */
  readonly isChanging: boolean;
  readonly notBefore: number;
  readonly expiresAt: number;
}

/** Hosts of each wave, where the strategy alone says it. */
export function waveSizesOf({ waves }: Pick<Strategy, 'waves'>, hostsCount: number): number[] {
  if (waves.kind !== 'fixed') return [hostsCount];
  const { hostsPerWave } = waves;
  return Array.from({ length: Math.ceil(hostsCount / hostsPerWave) }, (_, wave) =>
    Math.min(hostsPerWave, hostsCount - wave * hostsPerWave),
  );
}

/** Refuses what would only be found out when the rollout is stuck: PLAN_* and whatever the judges throw. */
export async function requireSound(judges: StrategyJudges, asked: StrategyCase): Promise<void> {
  const { strategy } = asked;
  requireNames('probes', strategy.probes ?? []);
  requireNames('gates', strategy.gates ?? []);
  requireLimits(strategy);
  for (const gate of strategy.gates ?? []) requireGate(judges, asked, gate);
  if (strategy.gates !== undefined) await judges.gates.check(strategy.gates);
  requireOpenTime(judges, asked);
  requireRoom(judges, asked);
}

function requireNames(kind: string, named: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) throw new AppError('PLAN_NAME_TWICE', { kind, name });
    seen.add(name);
  }
}

function requireLimits({ failuresMax, waveFailuresMax }: Strategy): void {
  if (failuresMax !== null && waveFailuresMax !== undefined && waveFailuresMax > failuresMax)
    throw new AppError('PLAN_WAVE_LIMIT_ABOVE_TOTAL', { wave: waveFailuresMax, total: failuresMax });
}

function requireGate(judges: StrategyJudges, { strategy, waveSizes }: StrategyCase, gate: Gate): void {
  const wavesCount = waveSizes.length;
  const named = { gate: gate.name, after: gate.after, waves: wavesCount };
  if (gate.after !== 'each' && gate.after > wavesCount) throw new AppError('PLAN_GATE_WAVE_MISSING', named);
  if (gate.kind === 'probes' && strategy.probes === undefined)
    throw new AppError('PLAN_GATE_WITHOUT_PROBES', named);
  if (gate.kind === 'compare' && (wavesCount === 1 || gate.after === wavesCount))
    throw new AppError('PLAN_GATE_WITHOUT_CONTROL', { ...named, after: wavesCount });
  if (gate.kind === 'compare') requireEnoughHosts(gate, waveSizes);
  if (gate.kind === 'notify' && !judges.notifications.hasChannel(gate.channel))
    throw new AppError('PLAN_CHANNEL_UNKNOWN', { gate: gate.name, channel: gate.channel });
}

/** A comparison that no numbers of any hosts could decide would hold the rollout until it expires. */
function requireEnoughHosts(gate: Extract<Gate, { kind: 'compare' }>, waveSizes: readonly number[]): void {
  const total = waveSizes.reduce((sum, size) => sum + size, 0);
  const alpha = chancePerLook(gate, waveSizes.length);
  let touched = 0;
  for (const [index, size] of waveSizes.slice(0, -1).entries()) {
    touched += size;
    if (gate.after !== 'each' && gate.after !== index + 1) continue;
    if (smallestP(touched, total - touched) > alpha)
      throw new AppError('PLAN_GATE_TOO_FEW_HOSTS', {
        gate: gate.name,
        after: index + 1,
        touched,
        untouched: total - touched,
        falseHaltRate: gate.falseHaltRate,
      });
  }
}

function requireOpenTime({ calendar }: StrategyJudges, asked: StrategyCase): void {
  const windows = asked.strategy.windows ?? [];
  calendar.checkWindows(windows);
  if (!asked.isChanging && windows.length === 0) return;
  const span = { from: asked.notBefore, to: asked.expiresAt };
  const closed = calendar.neverOpen(asked.hosts, windows, span);
  if (closed.length > 0)
    throw new AppError('PLAN_WINDOW_NEVER_OPENS', {
      count: closed.length,
      hosts: namesOf(closed),
      expiresAt: toTimestamp(asked.expiresAt),
    });
}

function requireRoom({ budgets }: StrategyJudges, asked: StrategyCase): void {
  if (!asked.isChanging || asked.interrupts === 'none') return;
  const hostIds = asked.hosts.map((host) => host.id);
  const [refusal] = budgets.impossibleFor(hostIds, asked.interrupts);
  if (refusal === undefined) return;
  const { name, domain, allowed } = refusal;
  // Hosts without the label that a budget counts by are a domain of their own, which has no name.
  const shown = domain === null || domain === '' ? name : `${name} (${domain})`;
  throw new AppError('BUDGET_IMPOSSIBLE', { name: shown, allowed });
}
