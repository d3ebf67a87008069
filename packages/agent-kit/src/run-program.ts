import { spawn } from 'node:child_process';
import { errorCode } from '@pilothouse/base';
import type { RunOptions, RunResult } from './host-access.ts';

const TIMEOUT_MS_DEFAULT = 30_000;
/** 64,000 lines of a package list fit; a runaway program does not fill the agent's memory. */
const OUTPUT_BYTES_MAX_DEFAULT = 16 * 1024 * 1024;
/** Output that is still on its way when the program has ended; what left its group may hold the pipes for ever. */
const DRAIN_MS = 500;
/** What a program gets whoever started the agent; nothing of the agent's own environment. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs a program that only reads, for collectors: no shell, LC_ALL=C, stdin closed, bounded in time and output. Its whole
 * process group is killed when the time is up, the output too large, or `signal` aborts. What it leaves behind elsewhere, as
 * a daemon does, is not waited for. Null when there is no such program.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions & { readonly signal?: AbortSignal } = {},
): Promise<RunResult | null> {
  const { timeoutMs = TIMEOUT_MS_DEFAULT, outputBytesMax = OUTPUT_BYTES_MAX_DEFAULT, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C', HOME: '/' },
    });
    const kill = (): void => {
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const stopReading = (): void => {
      child.stdout.destroy();
      child.stderr.destroy();
    };
    let isTimedOut = false;
    let room = outputBytesMax;
    let isCut = false;
    const take = (pieces: Buffer[]) => (piece: Buffer) => {
      pieces.push(piece.subarray(0, room));
      isCut ||= piece.length > room;
      room = Math.max(0, room - piece.length);
      if (isCut) kill();
    };
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', take(stdout));
    child.stderr.on('data', take(stderr));
    const timer = setTimeout(() => {
      isTimedOut = true;
      kill();
    }, timeoutMs);
    signal?.addEventListener('abort', kill, { once: true });
    let drain: NodeJS.Timeout | undefined;
    const settle = (): void => {
      clearTimeout(timer);
      clearTimeout(drain);
      signal?.removeEventListener('abort', kill);
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      settle();
      if (error.code === 'ENOENT') resolve(null);
      else reject(new Error(`run ${program}`, { cause: error }));
    });
    child.on('exit', () => {
      // After one more turn: what lies in the pipes is read even when this process was busy all the time.
      drain = setTimeout(() => setImmediate(stopReading), DRAIN_MS);
    });
    child.on('close', (exitCode, endSignal) => {
      settle();
      const text = (pieces: Buffer[]): string => Buffer.concat(pieces).toString('utf8');
      resolve({
        exitCode,
        signal: endSignal,
        stdout: text(stdout),
        stderr: text(stderr),
        isTimedOut,
        isCut,
      });
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: the group has ended by itself in the meantime, which is what was wanted.
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
