import type { HostAccess } from './host-access.ts';

/** What a watch may look at: little, and nothing that could hold the agent up. */
export interface WatchAccess extends Pick<HostAccess, 'readText' | 'list' | 'run' | 'statFileSystem'> {
  /**
   * The text of a file that the kernel makes as it is read, null for what is not there. At once, without a thread and in
   * one buffer for all: a look every minute must leave next to no garbage behind.
   */
  readNow(path: string): string | null;
  /**
   * When content, owner or mode of a file last changed, in milliseconds; null when it is not there. A file may lie on a
   * file system that does not answer any more: that holds this look up, and nothing else.
   */
  changedAt(path: string): Promise<number | null>;
}

/**
 * A cheap look at what a fact rests on, taken by the process that stays, so that the fact is collected when it has changed
 * and not every few minutes. For files whose times tell, a collector's `sources` do; this is for the rest.
 */
export interface FactWatch {
  readonly fact: string;
  readonly intervalMs: number;
  /** A text that is the same as long as the fact is; null when this host does not let one tell. */
  look(host: WatchAccess): Promise<string | null>;
}
