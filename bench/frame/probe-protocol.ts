/** The event loop of the server did nothing else for this long. `cpuMs` is what its own thread computed meanwhile: on a shared
 * machine the rest is somebody else's. */
export interface Stall {
  /** Milliseconds of the epoch, with fractions. */
  readonly at: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

export interface ProbeAnswers {
  readonly memory: NodeJS.MemoryUsage;
  readonly stalls: readonly Stall[];
  readonly 'profile-start': null;
  readonly 'profile-stop': unknown;
}

export type ProbeQuestion = keyof ProbeAnswers;
