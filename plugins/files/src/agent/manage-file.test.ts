import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ActionContext } from '@pilothouse/agent-kit';
import { AppError, type JsonObject } from '@pilothouse/contract';
import { manageFile } from '../contract/actions.ts';
import { manageFileWith } from './manage-file.ts';
import { readManagedList } from './managed-list.ts';

/** A directory with `app.conf`, and beside it what a task and the host's list need. */
async function fileOn(t: TestContext, more: Partial<ActionContext> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'files-'));
  t.after(() => rm(root, { recursive: true }));
  const [directory, scratch, list] = [join(root, 'etc'), join(root, 'scratch'), join(root, 'list.json')];
  await mkdir(directory);
  await mkdir(scratch);
  const path = join(directory, 'app.conf');
  await writeFile(path, 'old');
  const records: JsonObject[] = [];
  const asked: string[] = [];
  const context: ActionContext = {
    taskId: 't_1',
    signal: new AbortController().signal,
    scratch,
    isRoot: true,
    planDigest: '0'.repeat(64),
    print() {},
    async run({ program, args }) {
      if (program === 'systemctl') asked.push(args.filter((argument) => argument !== '--').join(' '));
      return { exitCode: 0, signal: null, ended: 'by-itself', startError: null };
    },
    expectReboot: async () => {},
    recordUndo: async (record) => void records.push(record),
    ...more,
  };
  const action = manageFileWith(list);
  return {
    directory,
    path,
    list,
    records,
    /** What systemctl was asked for since it was last looked at. */
    asked: () => asked.splice(0),
    context,
    run: (parameters: object) => action.run(manageFile.parameters.parse({ path, ...parameters }), context),
    undo: async () => action.undo?.(JSON.parse(JSON.stringify(records.at(-1))), context),
  };
}

test('without a way back nothing is changed, nothing is left beside the file, and the reason keeps its name', async (t) => {
  const file = await fileOn(t, {
    recordUndo: async () => {
      throw new AppError('UNDO_STORE_FULL', { sizeBytes: 1, limitBytes: 1 });
    },
  });

  await assert.rejects(file.run({ content: 'new' }), { code: 'UNDO_STORE_FULL' });
  assert.equal(await readFile(file.path, 'utf8'), 'old');
  assert.deepEqual(await readdir(file.directory), ['app.conf']);
});

test('a file that the host cannot remember is not changed: its readers would never be told of it', async (t) => {
  const file = await fileOn(t, {
    // Like a disk that fills up in this moment.
    recordUndo: async () => void (await mkdir(file.list)),
  });

  const end = await file.run({ content: 'new', after: [{ unit: 'app.service', verb: 'reload' }] });

  assert.equal(end.kind === 'failed' && end.error.code, 'FILES_IO');
  assert.equal(await readFile(file.path, 'utf8'), 'old');
  assert.deepEqual(await readdir(file.directory), ['app.conf']);
  assert.deepEqual(file.asked(), []);
});

test('a file that cannot be put into its place is left nowhere, and the host remembers what it did before', async (t) => {
  const file = await fileOn(t, {
    recordUndo: async () => {
      await rm(file.path);
      await mkdir(file.path);
    },
  });

  const end = await file.run({ content: 'new' });

  assert.equal(end.kind === 'failed' && end.error.code, 'FILES_IO');
  assert.deepEqual(await readdir(file.directory), ['app.conf']);
  assert.deepEqual(await readManagedList(file.list), {});
});

test('an undo that was interrupted before it told a service tells it when it is repeated', async (t) => {
  const file = await fileOn(t);
  await file.run({ content: 'new', after: [{ unit: 'app.service', verb: 'restart' }] });
  // An agent that was killed had put the file back, and no more.
  await writeFile(file.path, 'old');
  file.asked();

  const end = await file.undo();

  assert.deepEqual(end, { kind: 'succeeded', result: { changed: false, changes: [] } });
  assert.deepEqual(file.asked(), ['restart app.service']);
});

test('a service that has failed is told of by every undo; one that never took its word keeps no undo from its end', async (t) => {
  const file = await fileOn(t);
  await file.run({ content: 'new', after: [{ unit: 'app.service', verb: 'restart' }] });
  const answers: Record<string, number> = { restart: 1, 'is-failed': 0 };
  file.context.run = async ({ args }) => {
    const exitCode = answers[args[0] ?? ''] ?? 0;
    return { exitCode, signal: null, ended: 'by-itself', startError: null };
  };

  const ends = [await file.undo(), await file.undo()];
  answers['is-failed'] = 1;
  ends.push(await file.undo());

  assert.deepEqual(
    ends.map((end) => end?.kind === 'failed' && end.error.code),
    ['FILES_RELOAD_FAILED', 'FILES_RELOAD_FAILED', false],
  );
  assert.equal(await readFile(file.path, 'utf8'), 'old');
});

test('bits of the mode beyond those for reading and writing stay, and come back', async (t) => {
  const file = await fileOn(t);
  const modeOf = async () => ((await stat(file.path)).mode & 0o7777).toString(8);
  await chmod(file.path, 0o4755);

  await file.run({ content: 'new' });
  const kept = await modeOf();
  await file.run({ content: 'new', mode: '0755' });
  const asked = await modeOf();
  await file.undo();

  assert.deepEqual([kept, asked, await modeOf()], ['4755', '755', '4755']);
});

test('a template that grows beyond what could be taken back is refused, and nothing is changed', async (t) => {
  const file = await fileOn(t);
  const parameters = { isTemplate: true, values: { line: 'x'.repeat(4096) } };

  const end = await file.run({ ...parameters, content: '{{ value.line }}'.repeat(8000) });
  await file.run({ ...parameters, content: '{{ value.line }}'.repeat(100) });

  assert.deepEqual(end.kind === 'failed' && [end.error.code, end.error.details['sizeBytes']], [
    'FILES_TOO_LARGE',
    8000 * 4096,
  ]);
  assert.equal((await readFile(file.path)).length, 100 * 4096);
});

test('taking a new unit away again does not fail because it is gone', async (t) => {
  const file = await fileOn(t);
  const path = join(file.directory, 'app.service');
  await file.run({ path, content: '[Service]', after: [{ unit: 'app.service', verb: 'restart' }] });
  file.context.run = async () => ({ exitCode: 5, signal: null, ended: 'by-itself', startError: null });

  const end = await file.undo();

  assert.equal(end?.kind, 'succeeded');
  assert.deepEqual(await readdir(file.directory), ['app.conf']);
});
