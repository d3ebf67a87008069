/** The reading side of a host, as collectors see it: under a root, so that tests read fixtures and scratch trees. */
export interface HostAccess {
  readonly isRoot: boolean;
  /** UTF-8 text of a file, null when it does not exist or may not be read; at most `bytesMax` (default 8 MiB), longer is cut. */
  readText(path: string, bytesMax?: number): Promise<string | null>;
  /** Names in a directory in byte order, null when there is none. */
  list(path: string): Promise<readonly string[] | null>;
  readLink(path: string): Promise<string | null>;
  exists(path: string): Promise<boolean>;
  /** Total, free (for ordinary users) and used bytes of the file system at `path`; null when it cannot be read. */
  statFileSystem(
    path: string,
  ): Promise<{ totalBytes: number; freeBytes: number; inodes: number; inodesFree: number } | null>;
  /** Runs a program without a shell, LC_ALL=C, stdin closed. Null when the program does not exist. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult | null>;
}

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly outputBytesMax?: number;
}

export interface RunResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly isTimedOut: boolean;
  readonly isCut: boolean;
}
