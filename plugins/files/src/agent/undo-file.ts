import { dirname } from 'node:path';
import type { ActionContext, ActionEnd } from '@pilothouse/agent-kit';
import type { JsonObject } from '@pilothouse/contract';
import { MANAGED_LIST } from '../contract/facts.ts';
import type { FileState } from '../domain/file-state.ts';
import { digestOf, isTrouble, lookAtFile } from './look-at-file.ts';
import { readManagedList, writeManagedEntry } from './managed-list.ts';
import { atItsPlace, type FilePlace } from './open-place.ts';
import { failed, restore, tellReaders } from './put-back.ts';
import { FileRecord } from './undo-record.ts';

/** Puts the file back as it was, unless somebody else has changed it since: then that change is not lost. */
export async function undoFile(
  stored: JsonObject,
  context: ActionContext,
  list = MANAGED_LIST,
): Promise<ActionEnd> {
  const parsed = FileRecord.safeParse(stored);
  if (!parsed.success)
    return failed({
      code: 'UNDO_RECORD_MISSING',
      details: { reason: { en: 'the record is damaged', zh: '记录已损坏' } },
    });
  const end = await atItsPlace(parsed.data.path, (place) => putBack(parsed.data, place, { context, list }));
  return isTrouble(end) ? failed(end) : end;
}

async function putBack(
  { path, before, digestAfter, after, managedBefore }: FileRecord,
  place: FilePlace,
  { context, list }: { readonly context: ActionContext; readonly list: string },
): Promise<ActionEnd> {
  const managed = await readManagedList(list);
  if (managed === null) return failed({ code: 'FILES_LIST_DAMAGED', details: { path: list } });
  const now = await lookAtFile(place);
  if (isTrouble(now)) return failed(now);
  const was: FileState =
    before.kind === 'file' ? { ...before, content: Buffer.from(before.content, 'base64') } : before;
  const isBack = keyOf(now) === keyOf(was);
  if (!isBack && (now.kind === 'file' ? digestOf(now.content) : null) !== digestAfter)
    return failed({ code: 'FILES_CHANGED_SINCE', details: { path } });
  if (!isBack && place.directory === null)
    return failed({ code: 'FILES_DIRECTORY_MISSING', details: { directory: dirname(path) } });
  if (!isBack) await restore(place, was, context);
  await writeManagedEntry(managed, path, managedBefore, list);
  // Also of a file that is back already: an undo that was interrupted had told nobody.
  const failing = await tellReaders(path, after, context);
  // A unit whose own file was new is gone with it, and cannot be told.
  const mayRefuse = isBack || (was.kind === 'absent' && path.endsWith(`/${failing?.unit}`));
  if (failing !== null && (!mayRefuse || (await hasFailed(failing.unit, context))))
    return failed({ code: 'FILES_RELOAD_FAILED', details: { path, ...failing } });
  if (isBack) return { kind: 'succeeded', result: { changed: false, changes: [] } };
  context.print('stdout', `${path}: as before\n`);
  return { kind: 'succeeded', result: { changed: true, changes: [{ path, property: 'restored' }] } };
}

/** One that only refuses the verb, as it did when the file was set, is none the worse for it. */
async function hasFailed(unit: string, context: ActionContext): Promise<boolean> {
  const end = await context.run({ program: 'systemctl', args: ['is-failed', '--quiet', '--', unit] });
  return end.ended === 'by-itself' && end.exitCode === 0;
}

const keyOf = (file: FileState): string =>
  file.kind === 'file' ? JSON.stringify([digestOf(file.content), file.mode, file.uid, file.gid]) : file.kind;
