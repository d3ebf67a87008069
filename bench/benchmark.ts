import type { Report } from './figure.ts';
import type { PreparedFleets } from './frame/prepared-fleets.ts';

/** What a benchmark is given. */
export interface BenchContext {
  readonly hosts: number;
  /** Fleets that are enrolled already, so that only `enrolment` pays for it. */
  readonly fleets: PreparedFleets;
  /** Writes a processor profile of the server there; null does not. */
  readonly profileDirectory: string | null;
  /** Progress, for a person who waits. */
  readonly say: (text: string) => void;
}

export interface Benchmark {
  /** Hosts when the command line names no number. */
  readonly hosts: number;
  readonly run: (context: BenchContext) => Promise<Omit<Report, 'name' | 'hosts'>>;
}
