/**
 * The host's own drains: programs in `drain.d` of the agent's directory, run in the order of their names before a reboot,
 * for whatever no plugin knows how to take off a host. They are the host's, put there by root and never by the server; one
 * that somebody else could change stops the reboot rather than being run. Looked at anew each time.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionEnd, Drain } from '@pilothouse/agent-kit';
import { compareText, errorCode, MINUTE_MS } from '@pilothouse/base';

/** Moving guests or emptying a queue takes minutes; what takes longer is no part of a reboot. */
const TIMEOUT_MS = 15 * MINUTE_MS;
/** A directory with more of them is something else. */
const PROGRAMS_MAX = 32;
/** What package managers and editors leave behind is no program. */
const NAME = /^[A-Za-z0-9_-]{1,64}(\.sh)?$/;
const WRITABLE_BY_OTHERS = 0o022;
const EXECUTABLE = 0o100;

/** Empty where there is no such directory. */
export async function localDrains(directory: string, ownUid: number): Promise<Drain[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => NAME.test(name))
    .sort(compareText)
    .slice(0, PROGRAMS_MAX)
    .map((name) => ({
      name: `drain.d/${name}`,
      timeoutMs: TIMEOUT_MS,
      async drain(context) {
        const program = join(directory, name);
        const { uid, mode } = await stat(program);
        const isSafe = uid === ownUid && (mode & WRITABLE_BY_OTHERS) === 0;
        if (!isSafe)
          return failed(name, { en: 'others than root may change it', zh: 'root 以外的用户可更改它' });
        if ((mode & EXECUTABLE) === 0) return failed(name, { en: 'it is not executable', zh: '不可执行' });
        const end = await context.run({ program, args: [], directory: '/' });
        if (end.ended === 'by-itself' && end.exitCode === 0) return { kind: 'succeeded' };
        return failed(
          name,
          end.startError ?? (end.exitCode === null ? end.ended : `exit code ${end.exitCode}`),
        );
      },
    }));
}

const failed = (name: string, reason: string | { en: string; zh: string }): ActionEnd => ({
  kind: 'failed',
  error: { code: 'REBOOT_DRAIN_FAILED', details: { drain: `drain.d/${name}`, reason } },
});
