import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext } from '@pilothouse/agent-kit';
import type { FileChange, FileState, WantedFile } from '../domain/file-state.ts';

const contentOf = (file: FileState | WantedFile): Uint8Array =>
  file.kind === 'file' ? file.content : new Uint8Array();

/** What would change, as people read it: a unified diff of the content, then owner and mode. */
export async function printDiff(
  context: ActionContext,
  of: { readonly path: string; readonly now: FileState; readonly wanted: WantedFile },
  changes: readonly FileChange[],
): Promise<void> {
  const { path, now, wanted } = of;
  const isContentChanged = changes.some(({ property }) => property === 'content' || property === 'exists');
  if (isContentChanged) {
    const [before, after] = [join(context.scratch, 'before'), join(context.scratch, 'after')];
    await writeFile(before, contentOf(now), { mode: 0o600 });
    await writeFile(after, contentOf(wanted), { mode: 0o600 });
    const labels = ['--label', now.kind === 'absent' ? '/dev/null' : path];
    const labelsAfter = ['--label', wanted.kind === 'absent' ? '/dev/null' : path];
    // Exit code 1 says that they differ. A host without diffutils shows the digests of `changes` alone.
    await context.run({ program: 'diff', args: ['-u', ...labels, ...labelsAfter, before, after] });
  }
  for (const { property, from, to } of changes)
    if (property !== 'content' && property !== 'exists')
      context.print('stdout', `${path}: ${property} ${from} -> ${to}\n`);
}
