import type { EnvelopePayload, ProbeResult } from '@pilothouse/contract';
import type { LiveOutput } from './live-output.ts';
import type { StepResume } from './step-run.ts';

/** A task that this process of the agent has taken and not ended. */
export interface LiveTask {
  readonly payload: EnvelopePayload;
  readonly locks: readonly string[];
  readonly live: LiveOutput;
  readonly controller: AbortController;
  /** Where it goes on, when an earlier process left it in a stage. */
  readonly resume: StepResume | null;
  /** What the plan's probes said before it began. */
  probesBefore: readonly ProbeResult[];
  hasLocks: boolean;
  /** The server has heard of it by now; until then its start is not told by itself. */
  isTold: boolean;
  /** Null while it waits for its locks, and while the probes before it run. */
  startedAt: string | null;
}
