import type { Report } from './figure.ts';
import type { PreparedFleets } from './frame/prepared-fleets.ts';

/** One fleet for most of them, so that it is enrolled once. */
export const HOSTS_OF_ALL = 2_000;

/** What a benchmark is given. */
export interface BenchContext {
  readonly hosts: number;
  /** Fleets that are enrolled already, so that only `enrolment` pays for it. */
  readonly fleets: PreparedFleets;
  /** Writes a processor profile of the server there; null does not. */
  readonly profileDirectory: string | null;
  /** Where MeshCentral is, or is to be installed. */
  readonly meshDirectory: string;
  /** Of the soak of the agent. */
  readonly cycles: number;
  /** Server processes over one store; more than one where a process may not have so many connections. */
  readonly processes: number;
  /** Progress, for a person who waits. */
  readonly say: (text: string) => void;
}

export interface Benchmark {
  /** Hosts when the command line names no number. */
  readonly hosts: number;
  /** The same when it is one of all, which together are to end within a quarter of an hour. */
  readonly hostsOfAll?: number;
  readonly run: (context: BenchContext) => Promise<Pick<Report, 'figures' | 'notes'>>;
}
