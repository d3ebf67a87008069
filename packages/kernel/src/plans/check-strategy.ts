import { AppError, type Gate, type Interruption, type Strategy, toTimestamp } from '@pilothouse/contract';
import type { BudgetLedger } from '../budgets/service.ts';
import type { CalendarService } from '../calendar/service.ts';
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
  readonly wavesCount: number;
  readonly interrupts: Interruption;
  /** False: it only looks, which windows and freezes do not forbid. */
  readonly isChanging: boolean;
  readonly notBefore: number;
  readonly expiresAt: number;
}

/** How many waves there are where the strategy alone says it. */
export const wavesCountOf = ({ waves }: Pick<Strategy, 'waves'>, hostsCount: number): number =>
  waves.kind === 'fixed' ? Math.ceil(hostsCount / waves.hostsPerWave) : 1;

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

function requireGate(judges: StrategyJudges, { strategy, wavesCount }: StrategyCase, gate: Gate): void {
  const named = { gate: gate.name, after: gate.after, waves: wavesCount };
  if (gate.after !== 'each' && gate.after > wavesCount) throw new AppError('PLAN_GATE_WAVE_MISSING', named);
  if (gate.kind === 'probes' && strategy.probes === undefined)
    throw new AppError('PLAN_GATE_WITHOUT_PROBES', named);
  if (gate.kind === 'compare' && (wavesCount === 1 || gate.after === wavesCount))
    throw new AppError('PLAN_GATE_WITHOUT_CONTROL', { ...named, after: wavesCount });
  if (gate.kind === 'notify' && !judges.notifications.hasChannel(gate.channel))
    throw new AppError('PLAN_CHANNEL_UNKNOWN', { gate: gate.name, channel: gate.channel });
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
  if (asked.interrupts === 'none') return;
  const hostIds = asked.hosts.map((host) => host.id);
  const [refusal] = budgets.impossibleFor(hostIds, asked.interrupts);
  if (refusal === undefined) return;
  const { name, domain, allowed } = refusal;
  throw new AppError('BUDGET_IMPOSSIBLE', { name: domain === null ? name : `${name} (${domain})`, allowed });
}
