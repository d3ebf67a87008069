import type { Clock } from '@pilothouse/base';
import { toTimestamp } from '@pilothouse/contract';
import { type DataDirectory, writeDurably } from './data-directory.ts';
import type { AgentLog } from './log.ts';

export interface SessionStatus {
  readonly kind: 'connected' | 'disconnected' | 'stopped';
  /** The gateway's address. */
  readonly detail: string | null;
}

/** Leaves word of the session for `pilothouse-agent status`; a full disk must not end a session over it. */
export function writeStatus(
  status: SessionStatus,
  world: { readonly data: DataDirectory; readonly clock: Clock; readonly log: AgentLog },
): void {
  const since = toTimestamp(world.clock.now());
  try {
    writeDurably(world.data.status, `${JSON.stringify({ ...status, since, pid: process.pid })}\n`);
  } catch (cause) {
    world.log.warn('status could not be written', { cause: String(cause) });
  }
}
