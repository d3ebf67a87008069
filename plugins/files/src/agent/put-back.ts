import type { ActionContext, ActionEnd } from '@pilothouse/agent-kit';
import type { AfterChange } from '../contract/actions.ts';
import type { FileState } from '../domain/file-state.ts';
import type { Trouble } from './look-at-file.ts';
import { removeFile, replaceFile } from './replace-file.ts';

export const failed = ({ code, details }: Trouble): ActionEnd => ({
  kind: 'failed',
  error: { code, details },
});

/** The first unit that did not take the change, or null. */
export async function tellReaders(
  after: readonly AfterChange[],
  context: ActionContext,
): Promise<AfterChange | null> {
  for (const reader of after) {
    const end = await context.run({ program: 'systemctl', args: [reader.verb, '--', reader.unit] });
    if (end.ended !== 'by-itself' || end.exitCode !== 0) return reader;
  }
  return null;
}

/** The file as it was, whatever is there now. */
export async function restore(path: string, before: FileState): Promise<void> {
  if (before.kind === 'file') await replaceFile(path, { ...before, mode: Number.parseInt(before.mode, 8) });
  else await removeFile(path);
}
