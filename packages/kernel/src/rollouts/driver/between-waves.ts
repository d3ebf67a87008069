import { AppError, type Gate, type GateVerdict } from '@pilothouse/contract';
import type { GatesService, GateView } from '../../gates/service.ts';
import type { Log } from '../../log.ts';
import type { NotificationsService } from '../../notifications/service.ts';
import { isTaskEnd } from '../engine/index.ts';
import type { ActiveRollout } from './active-rollout.ts';
import { type Batch, type BetweenWaves, SYSTEM } from './batch.ts';
import type { ProbeRounds } from './probe-rounds.ts';

export interface BetweenWavesDeps {
  readonly log: Log;
  readonly gates: Pick<GatesService, 'judge'>;
  readonly probes: ProbeRounds;
  readonly notifications: Pick<NotificationsService, 'enqueue'>;
  /** The answer to an asking; dropped by whoever takes it when it has gone stale. */
  readonly answer: (active: ActiveRollout, asked: number, verdict: GateVerdict) => void;
  readonly rollBack: (active: ActiveRollout) => void;
  /** Hosts that an earlier attempt may have changed, by the rollout that this one is a retry of. */
  readonly touchedBefore: (retryOf: string | null) => Promise<ReadonlySet<string>>;
}

/** Carries out what the engine asks for between two waves. What leaves this process does so after the commit. */
export function carryOutBetween(
  deps: BetweenWavesDeps,
  batch: Batch,
  active: ActiveRollout,
  effect: BetweenWaves,
): void {
  switch (effect.kind) {
    case 'judge-gate': {
      const gate = gateAt(active, active.state.wave, effect.at);
      batch.afterCommit.push(() => void judge(deps, active, gate, effect));
      return;
    }
    case 'gate-passed': {
      const gate = gateAt(active, effect.wave, effect.at);
      const details = { gate: gate.name, kind: gate.kind, wave: effect.wave + 1 };
      const record = { actor: SYSTEM, action: 'rollout.gate-passed', subject: active.id, requestId: null };
      batch.audits.push({ ...record, details: { ...details, confirmedBy: effect.by } });
      return;
    }
    case 'notify':
      return notify(deps, batch, active, effect);
    case 'roll-back':
      batch.afterCommit.push(() => deps.rollBack(active));
  }
}

function gateAt(active: ActiveRollout, wave: number, at: number): Gate {
  const gate = active.state.config.waves[wave]?.gates[at];
  if (gate === undefined) throw new RangeError(`no gate ${at} after wave ${wave} of ${active.id}`);
  return gate;
}

async function judge(
  deps: BetweenWavesDeps,
  active: ActiveRollout,
  gate: Gate,
  { asked, isSoakOver }: Extract<BetweenWaves, { kind: 'judge-gate' }>,
): Promise<void> {
  let verdict: GateVerdict;
  try {
    verdict = await verdictOf(deps, active, gate, { asked, isSoakOver });
  } catch (error) {
    deps.log.error('gate not judged', { rolloutId: active.id, gate: gate.name, error });
    const details = { gate: gate.name, cause: error instanceof AppError ? error.code : 'INTERNAL' };
    verdict = { kind: 'undetermined', reason: { code: 'GATE_NOT_JUDGED', details }, evidence: {} };
  }
  deps.answer(active, asked, verdict);
}

async function verdictOf(
  deps: BetweenWavesDeps,
  active: ActiveRollout,
  gate: Gate,
  { asked, isSoakOver }: { readonly asked: number; readonly isSoakOver: boolean },
): Promise<GateVerdict> {
  if (gate.kind === 'probes') return deps.probes.ask(active, gate, String(asked));
  if (gate.kind === 'check') return deps.gates.judge(gate, viewOf(active, isSoakOver));
  if (gate.kind === 'compare') {
    const view = viewOf(active, isSoakOver);
    const before = await deps.touchedBefore(active.fixed.retryOf);
    return deps.gates.judge(gate, { ...view, untouched: view.untouched.filter((id) => !before.has(id)) });
  }
  throw new RangeError(`a gate of kind ${gate.kind} is not judged`);
}

function viewOf(active: ActiveRollout, isSoakOver: boolean): GateView {
  const { state } = active;
  const touched: { hostId: string; state: string; wave: number }[] = [];
  const untouched: string[] = [];
  for (const { hostId, phase, wave } of state.tasks) {
    if (wave <= state.wave && isTaskEnd(phase)) touched.push({ hostId, state: phase, wave });
    else untouched.push(hostId);
  }
  return {
    rolloutId: active.id,
    wave: state.wave,
    wavesCount: state.config.waves.length,
    waveEndedAt: state.gate?.waveEndedAt ?? 0,
    startedAt: state.startedAt ?? 0,
    isSoakOver,
    touched,
    untouched,
  };
}

function notify(
  deps: BetweenWavesDeps,
  batch: Batch,
  active: ActiveRollout,
  effect: Extract<BetweenWaves, { kind: 'notify' }>,
): void {
  const gate = gateAt(active, effect.wave, effect.at);
  if (gate.kind !== 'notify') return;
  const { counts } = active.state;
  const notification = {
    channel: gate.channel,
    subject: `${active.fixed.title}: ${effect.wave + 1}/${active.state.config.waves.length}`,
    text: gate.text,
    data: { rolloutId: active.id, gate: gate.name, wave: effect.wave + 1, counts: { ...counts } },
  };
  batch.writes.push((transaction) => deps.notifications.enqueue(transaction, notification));
}
