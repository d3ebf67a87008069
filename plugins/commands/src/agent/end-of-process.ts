import type { ActionEnd, ProcessEnd } from '@pilothouse/agent-kit';
import { absurd } from '@pilothouse/base';
import type { HostError } from './process-surroundings.ts';

const EXIT_NOT_FOUND = 127;

/** A failure before any process was started. Exit code 127 is what a shell says of a command that is not there. */
export const failedBefore = (error: HostError): ActionEnd => ({
  kind: 'failed',
  exitCode: error.code === 'COMMANDS_NOT_FOUND' ? EXIT_NOT_FOUND : null,
  error,
});

/** What became of a process, as the end of its action. `program` is what was started. */
export function endOfProcess(end: ProcessEnd, program: string, isShell: boolean): ActionEnd {
  const { exitCode, signal } = end;
  switch (end.ended) {
    case 'not-started':
      return failedBefore(
        end.startError === 'ENOENT'
          ? { code: 'COMMANDS_NOT_FOUND', details: { program } }
          : { code: 'COMMANDS_NOT_EXECUTABLE', details: { program, reason: end.startError ?? 'unknown' } },
      );
    case 'timed-out':
      return { kind: 'timed-out', exitCode, signal, error: { code: 'COMMANDS_TIMED_OUT', details: {} } };
    case 'cancelled':
      return { kind: 'cancelled', exitCode, signal, error: { code: 'COMMANDS_CANCELLED', details: {} } };
    case 'by-itself':
      return endByItself({ exitCode, signal, isShell });
    default:
      return absurd(end.ended);
  }
}

function endByItself(end: { exitCode: number | null; signal: string | null; isShell: boolean }): ActionEnd {
  const { exitCode, signal } = end;
  if (exitCode === 0) return { kind: 'succeeded', exitCode };
  if (exitCode === null) {
    return { kind: 'failed', exitCode, signal, error: { code: 'COMMANDS_SIGNAL', details: { signal } } };
  }
  const code =
    end.isShell && exitCode === EXIT_NOT_FOUND ? 'COMMANDS_NOT_FOUND_INSIDE' : 'COMMANDS_EXIT_CODE';
  return { kind: 'failed', exitCode, signal, error: { code, details: { exitCode } } };
}
