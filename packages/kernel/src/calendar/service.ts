import type { PlanWindow } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';

/** Why nothing may start on a host now, and until when; `until` null: nothing known ends it. */
export interface Closed {
  readonly kind: 'window' | 'freeze';
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly until: number | null;
}

/** Windows and freezes: when hosts may be changed. Freezes beat windows; hosts without a window are always open. */
export interface CalendarService {
  closedFor(host: HostEntry, planWindows: readonly PlanWindow[], now: number): Closed | null;
  /** A window or a freeze was changed by a person. Returns the way to stop listening. */
  onChanged(listener: () => void): () => void;
}
