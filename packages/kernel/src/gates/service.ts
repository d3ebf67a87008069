import type { Gate, GateVerdict, HostId } from '@pilothouse/contract';

/** What a gate is judged by: the rollout as it stands when its wave has ended. Times are milliseconds since the epoch. */
export interface GateView {
  readonly rolloutId: string;
  /** From 0. */
  readonly wave: number;
  readonly wavesCount: number;
  readonly waveEndedAt: number;
  /** The soak is over, and this is the last look. A comparison has one look alone: many would each be a chance to halt. */
  readonly isSoakOver: boolean;
  readonly startedAt: number;
  /** Hosts whose task has ended in this or an earlier wave, with how. */
  readonly touched: readonly { readonly hostId: HostId; readonly state: string; readonly wave: number }[];
  readonly untouched: readonly HostId[];
}

/** Judges gates; changes nothing. Never throws: what cannot be evaluated is `undetermined` with its reason. */
export interface GatesService {
  judge(gate: Extract<Gate, { kind: 'check' | 'compare' }>, view: GateView): Promise<GateVerdict>;
  /** Throws AppError GATE_INVALID when expression, metric or query cannot be right; called when a plan is made. */
  check(gates: readonly Gate[]): Promise<void>;
}
