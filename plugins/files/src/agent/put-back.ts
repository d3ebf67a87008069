import { readdir } from 'node:fs/promises';
import type { ActionContext, ActionEnd } from '@pilothouse/agent-kit';
import type { AfterChange } from '../contract/actions.ts';
import type { FileState } from '../domain/file-state.ts';
import type { Trouble } from './look-at-file.ts';
import type { FilePlace } from './open-place.ts';
import { removeFile, replaceFile } from './replace-file.ts';

export const failed = ({ code, details }: Trouble): ActionEnd => ({
  kind: 'failed',
  error: { code, details },
});

/** Units, drop-ins and the rest that systemd itself reads, and no `restart` makes it read again. */
const OF_SYSTEMD = /^\/(?:etc|run|usr\/lib|usr\/local\/lib|lib)\/systemd\/system\//;

/** What did not take the change first, or null. */
export async function tellReaders(
  path: string,
  after: readonly AfterChange[],
  context: Runner,
): Promise<{ readonly unit: string; readonly verb: string } | null> {
  const tell = async (args: readonly string[]): Promise<boolean> => {
    const end = await context.run({ program: 'systemctl', args });
    return end.ended === 'by-itself' && end.exitCode === 0;
  };
  if (after.length > 0 && OF_SYSTEMD.test(path) && !(await tell(['daemon-reload'])))
    return { unit: 'systemd', verb: 'daemon-reload' };
  for (const reader of after) if (!(await tell([reader.verb, '--', reader.unit]))) return reader;
  return null;
}

type Runner = Pick<ActionContext, 'run'>;
const SELINUX = '/sys/fs/selinux';

/** The file as it was, whatever is there now. */
export async function restore(
  { path, at }: Pick<FilePlace, 'path' | 'at'>,
  before: FileState,
  context: Runner,
  selinux = SELINUX,
): Promise<void> {
  if (before.kind !== 'file') return removeFile(at);
  await replaceFile(at, { ...before, mode: Number.parseInt(before.mode, 8) });
  await restoreSecurityContext(path, context, selinux);
}

/** A new file has the label of its directory's rule on SELinux; elsewhere there is no such program. */
export async function restoreSecurityContext(
  path: string,
  context: Runner,
  selinux = SELINUX,
): Promise<void> {
  const names = await readdir(selinux).catch(() => []);
  if (names.length > 0) await context.run({ program: 'restorecon', args: ['--', path] });
}
