import type { Clock } from '@pilothouse/base';
import { type Timestamp, toTimestamp } from '@pilothouse/contract';
import { type DataDirectory, writeDurably } from './data-directory.ts';
import type { AgentLog } from './log.ts';

export interface SessionStatus {
  readonly kind: 'connected' | 'disconnected' | 'stopped';
  /** The gateway's address. */
  readonly detail: string | null;
  /** Absent: now. */
  readonly since?: Timestamp;
  /** Whether the server knows this host for one that refuses all tasks. */
  readonly isHeld?: boolean;
}

/** Leaves word of the session for `pilothouse-agent status`; a full disk must not end a session over it. */
export function writeStatus(
  status: SessionStatus,
  world: { readonly data: DataDirectory; readonly clock: Clock; readonly log: AgentLog },
): void {
  const said = { since: toTimestamp(world.clock.now()), ...status, pid: process.pid };
  try {
    writeDurably(world.data.status, `${JSON.stringify(said)}\n`);
  } catch (cause) {
    world.log.warn('status could not be written', { cause: String(cause) });
  }
}
