import { spawn } from 'node:child_process';
import type { RunOptions, RunResult } from './host-access.ts';

const TIMEOUT_MS_DEFAULT = 20_000;
/** The longest real output collectors read: `rpm -qa` of a full installation is under 4 MiB. */
const OUTPUT_BYTES_MAX_DEFAULT = 16 * 1024 * 1024;

/**
 * Runs a reading program to its end: no shell, the C locale, stdin closed, bounded in time and output. Null when there is
 * no such program. Its whole process group ends with the time limit.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult | null> {
  const outputBytesMax = options.outputBytesMax ?? OUTPUT_BYTES_MAX_DEFAULT;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/' },
    });
    const stdout = bounded(outputBytesMax);
    const stderr = bounded(outputBytesMax);
    let isTimedOut = false;
    const timer = setTimeout(() => {
      isTimedOut = true;
      if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
    }, options.timeoutMs ?? TIMEOUT_MS_DEFAULT);
    child.stdout.on('data', stdout.push);
    child.stderr.on('data', stderr.push);
    child.on('error', (error) => {
      clearTimeout(timer);
      if ('code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')) resolve(null);
      else reject(error);
    });
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve({
        exitCode,
        signal,
        stdout: stdout.text(),
        stderr: stderr.text(),
        isTimedOut,
        isCut: stdout.isCut() || stderr.isCut(),
      });
    });
  });
}

/** Ends every process of a group; a group that is already gone is no error. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause;
  }
}

function bounded(bytesMax: number) {
  const pieces: Buffer[] = [];
  let size = 0;
  let cut = false;
  return {
    push(piece: Buffer): void {
      const room = bytesMax - size;
      if (piece.length > room) cut = true;
      if (room > 0) pieces.push(piece.subarray(0, room));
      size += Math.min(piece.length, Math.max(room, 0));
    },
    text: (): string => Buffer.concat(pieces).toString('utf8'),
    isCut: (): boolean => cut,
  };
}
