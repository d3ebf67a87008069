import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ActionContext, type ActionEnd, defineAgentAction, onlyRoot } from '@pilothouse/agent-kit';
import { errorCode } from '@pilothouse/base';
import { isAppError } from '@pilothouse/contract';
import { type ManageFileParameters, manageFile } from '../contract/actions.ts';
import { MANAGED_FILES_MAX, MANAGED_LIST } from '../contract/facts.ts';
import {
  compareFile,
  type FileChange,
  type FileState,
  type ManagedFile,
  type WantedFile,
} from '../domain/file-state.ts';
import { digestOf, isTrouble, lookAtFile, type Trouble, wantedFile } from './look-at-file.ts';
import { isFull, type ManagedFiles, readManagedList, writeManagedEntry } from './managed-list.ts';
import { atItsPlace, type FilePlace } from './open-place.ts';
import { printDiff } from './print-diff.ts';
import { failed, restore, restoreSecurityContext, tellReaders } from './put-back.ts';
import { moveIntoPlace, removeFile, removeLeftovers, replaceFile, writeBeside } from './replace-file.ts';
import { undoFile } from './undo-file.ts';
import type { FileRecord } from './undo-record.ts';

interface Prepared {
  readonly now: FileState;
  readonly wanted: WantedFile;
  readonly changes: readonly FileChange[];
  readonly managed: ManagedFiles;
  readonly place: FilePlace;
}

/**
 * Puts a file as it shall be: looks, shows, checks, writes the way back down, replaces in one step, tells what reads it.
 * `list` is where the host remembers what it manages.
 */
export const manageFileWith = (list: string) =>
  defineAgentAction({
    spec: manageFile,
    available: onlyRoot(manageFile),
    async dryRun(parameters, context) {
      const prepared = await atItsPlace(parameters.path, (place) => prepare(parameters, place, list));
      if ('code' in prepared) return failed(prepared);
      await printDiff(context, { path: parameters.path, ...prepared }, prepared.changes);
      if (prepared.changes.length > 0 && prepared.wanted.kind === 'file') {
        const refusal = await validateInScratch(parameters, prepared.wanted, context);
        if (refusal !== null) return failed(refusal);
      }
      return doneWith(prepared.changes);
    },
    async run(parameters, context) {
      try {
        const end = await atItsPlace(parameters.path, (place) =>
          carryOut(parameters, place, { context, list }),
        );
        return isTrouble(end) ? failed(end) : end;
      } catch (cause) {
        const reason = errorCode(cause);
        // A refusal of the agent's, such as no room for a way back, says by itself what to do.
        if (reason === null || isAppError(cause)) throw cause;
        return failed({ code: 'FILES_IO', details: { path: parameters.path, reason } });
      }
    },
    undo: (record, context) => undoFile(record, context, list),
  });

export const manageFileAction = manageFileWith(MANAGED_LIST);

const doneWith = (changes: readonly FileChange[]): ActionEnd => ({
  kind: 'succeeded',
  result: { changed: changes.length > 0, changes: changes.map((change) => ({ ...change })) },
});

async function prepare(
  parameters: ManageFileParameters,
  place: FilePlace,
  list: string,
): Promise<Prepared | Trouble> {
  const { path } = parameters;
  const managed = await readManagedList(list);
  if (managed === null) return { code: 'FILES_LIST_DAMAGED', details: { path: list } };
  if (isFull(managed, path)) return { code: 'FILES_LIST_FULL', details: { limit: MANAGED_FILES_MAX } };
  const now = await lookAtFile(place);
  if (isTrouble(now)) return now;
  const wanted = await wantedFile(parameters, now, place);
  if (isTrouble(wanted)) return wanted;
  return { now, wanted, changes: compareFile(path, now, wanted, digestOf), managed, place };
}

async function carryOut(
  parameters: ManageFileParameters,
  place: FilePlace,
  { context, list }: { readonly context: ActionContext; readonly list: string },
): Promise<ActionEnd> {
  const { path, after } = parameters;
  const prepared = await prepare(parameters, place, list);
  if ('code' in prepared) return failed(prepared);
  const { now, wanted, changes, managed } = prepared;
  const remember = (entry: ManagedFile | null) => writeManagedEntry(managed, path, entry, list);
  if (changes.length === 0) {
    await remember(managedEntry(wanted));
    return doneWith(changes);
  }
  await printDiff(context, { path, now, wanted }, changes);
  const trouble = await change(parameters, prepared, { context, remember });
  if (trouble !== null) return failed(trouble);
  const failing = await tellReaders(path, after, context);
  if (failing === null) return doneWith(changes);
  await restore(place, now, context);
  await remember(managed[path] ?? null);
  await tellReaders(path, after, context);
  return failed({ code: 'FILES_RELOAD_FAILED', details: { path, ...failing } });
}

interface Changing {
  readonly context: ActionContext;
  readonly remember: (entry: ManagedFile | null) => Promise<void>;
}

/**
 * Nothing has changed when this gives a trouble or throws. What the host shall remember is written first: where it cannot
 * be, the file is not changed either, and nobody takes it for set while its readers were never told.
 */
async function change(
  parameters: ManageFileParameters,
  { now, wanted, managed, place }: Prepared,
  { context, remember }: Changing,
): Promise<Trouble | null> {
  const { path } = parameters;
  let beside: string | null = null;
  let isRemembered = false;
  try {
    if (wanted.kind === 'file') {
      await removeLeftovers(place.at);
      beside = await writeBeside(place.at, { ...wanted, mode: Number.parseInt(wanted.mode, 8) });
      const named = join(place.directory ?? dirname(path), basename(beside));
      const refusal = await validate(parameters, named, context);
      if (refusal !== null) return refusal;
    }
    await context.recordUndo(recordOf(parameters, { now, wanted, managed }));
    await remember(managedEntry(wanted));
    isRemembered = true;
    if (beside === null) await removeFile(place.at);
    else await moveIntoPlace(beside, place.at);
    isRemembered = false;
    beside = null;
  } finally {
    if (beside !== null) await rm(beside, { force: true });
    if (isRemembered) await remember(managed[path] ?? null);
  }
  if (wanted.kind === 'file') await restoreSecurityContext(path, context);
  return null;
}

const recordOf = (
  { path, after }: ManageFileParameters,
  { now, wanted, managed }: Omit<Prepared, 'changes' | 'place'>,
): FileRecord => ({
  path,
  before:
    now.kind === 'file'
      ? { ...now, content: Buffer.from(now.content).toString('base64') }
      : { kind: 'absent' },
  digestAfter: wanted.kind === 'file' ? digestOf(wanted.content) : null,
  after,
  managedBefore: managed[path] ?? null,
});

const managedEntry = (wanted: WantedFile): ManagedFile =>
  wanted.kind === 'absent'
    ? { state: 'absent', digest: '', mode: '', uid: 0, gid: 0 }
    : {
        state: 'present',
        digest: digestOf(wanted.content),
        mode: wanted.mode,
        uid: wanted.uid,
        gid: wanted.gid,
      };

async function validate(
  { path, validate: argv }: ManageFileParameters,
  file: string,
  context: ActionContext,
): Promise<Trouble | null> {
  const [program, ...args] = (argv ?? []).map((argument) => argument.replaceAll('%s', () => file));
  if (program === undefined) return null;
  const end = await context.run({ program, args });
  if (end.ended === 'by-itself' && end.exitCode === 0) return null;
  return {
    code: 'FILES_VALIDATION_FAILED',
    details: { program, path, exitCode: end.exitCode ?? end.startError ?? end.ended },
  };
}

/** A dry run writes nothing beside the file, so the check sees it in the task's own directory. */
async function validateInScratch(
  parameters: ManageFileParameters,
  wanted: Extract<WantedFile, { kind: 'file' }>,
  context: ActionContext,
): Promise<Trouble | null> {
  const path = `${context.scratch}/validate`;
  await replaceFile(path, {
    content: wanted.content,
    mode: 0o600,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  });
  return validate(parameters, path, context);
}
