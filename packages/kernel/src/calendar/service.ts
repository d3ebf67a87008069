import type { PlanWindow } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';

/** Why nothing may start on a host now, and until when; `until` null: nothing known ends it. */
export interface Closed {
  readonly kind: 'window' | 'freeze';
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly until: number | null;
}

/** Milliseconds since the epoch; `to` is not part of it. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** Windows and freezes: when hosts may be changed. Freezes beat windows; hosts without a window are always open. */
export interface CalendarService {
  closedFor(host: HostEntry, planWindows: readonly PlanWindow[], now: number): Closed | null;
  /** Until when a host that is open now certainly stays open, in milliseconds since the epoch; null: for ever. */
  openUntil(host: HostEntry, planWindows: readonly PlanWindow[], now: number): number | null;
  /** AppError WINDOW_RULE_INVALID when a window of a plan cannot be right; called when a plan is made. */
  checkWindows(windows: readonly PlanWindow[]): void;
  /** Hosts that have no open moment within the span: a plan over them would wait until it expires. */
  neverOpen(hosts: readonly HostEntry[], planWindows: readonly PlanWindow[], span: TimeSpan): HostEntry[];
  /** A window or a freeze was changed by a person. Returns the way to stop listening. */
  onChanged(listener: () => void): () => void;
}
