import type { EnvelopePayload } from '@pilothouse/contract';
import type { LiveOutput } from './live-output.ts';

/** A task that this process of the agent has taken and not ended. */
export interface LiveTask {
  readonly payload: EnvelopePayload;
  readonly locks: readonly string[];
  readonly live: LiveOutput;
  readonly controller: AbortController;
  /** Null while it waits for its locks. */
  startedAt: string | null;
}
