import type { HostId, ProbeResult } from '@pilothouse/contract';
import type { GatewayService } from '../../gateway/service.ts';
import type { Log } from '../../log.ts';
import type { ActiveRollout } from './active-rollout.ts';
import type { OutputIntake } from './output-intake.ts';

/** What jobs see of the driver. */
export interface DriverState {
  readonly log: Log;
  readonly gateway: Pick<GatewayService, 'session' | 'send' | 'suspect'>;
  readonly outputs: OutputIntake;
  readonly active: ReadonlyMap<string, ActiveRollout>;
  /** Generation of the session whose hello was taken in, by host. */
  readonly heard: Map<HostId, number>;
  /** What a host says of its probes, for budgets: one that fails counts as down until it passes. Within a batch. */
  noteProbes(hostId: HostId, results: readonly ProbeResult[]): void;
  /** One that has ended is read back for a word that comes late; null when there is none. */
  activeOrEnded(rolloutId: string): Promise<ActiveRollout | null>;
}
