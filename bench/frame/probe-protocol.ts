import type { ProcessorProfile } from './stall-causes.ts';

/** The event loop of the server did nothing else for this long. `cpuMs` is what its own thread computed meanwhile: on a shared
 * machine the rest is somebody else's. */
export interface Stall {
  /** Microseconds of the monotonic clock that profiles are told in. */
  readonly endedAtUs: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

export interface ProbeAnswers {
  readonly memory: NodeJS.MemoryUsage;
  readonly stalls: readonly Stall[];
  readonly 'profile-start': null;
  readonly 'profile-stop': ProcessorProfile;
}

export type ProbeQuestion = keyof ProbeAnswers;
