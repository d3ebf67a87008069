import { appendFileSync, renameSync, statSync } from 'node:fs';

/** Then the file is put aside as `.1`, over the one before it: a day of a busy server, and never more than twice this. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;

export interface LogFileOptions {
  readonly bytesMax?: number;
  /** Takes the lines that the disk does not. */
  readonly otherwise: (line: string) => void;
}

/** A writer of lines to a file of bounded size, for a log that no service manager keeps. */
export function openLogFile(path: string, options: LogFileOptions): (line: string) => void {
  const { bytesMax = LOG_BYTES_MAX, otherwise } = options;
  let sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return (line) => {
    try {
      if (sizeBytes >= bytesMax) {
        renameSync(path, `${path}.1`);
        sizeBytes = 0;
      }
      appendFileSync(path, line, { mode: 0o600 });
      sizeBytes += Buffer.byteLength(line);
    } catch {
      // A full disk must not silence the log, nor end the server.
      otherwise(line);
    }
  };
}
