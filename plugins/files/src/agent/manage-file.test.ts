import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ActionContext } from '@pilothouse/agent-kit';
import { AppError } from '@pilothouse/contract';
import { manageFile } from '../contract/actions.ts';
import { manageFileAction } from './manage-file.ts';

test('without a way back nothing is changed, nothing is left beside the file, and the reason keeps its name', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'files-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'app.conf');
  await writeFile(path, 'old');
  const context: ActionContext = {
    taskId: 't_1',
    signal: new AbortController().signal,
    scratch: await mkdtemp(join(directory, 'scratch-')),
    isRoot: true,
    planDigest: '0'.repeat(64),
    print() {},
    run: async () => ({ exitCode: 0, signal: null, ended: 'by-itself', startError: null }),
    expectReboot: async () => {},
    recordUndo: async () => {
      throw new AppError('UNDO_STORE_FULL', { sizeBytes: 1, limitBytes: 1 });
    },
  };

  const ending = manageFileAction.run(manageFile.parameters.parse({ path, content: 'new' }), context);

  await assert.rejects(ending, { code: 'UNDO_STORE_FULL' });
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(
    (await readdir(directory)).filter((name) => !name.startsWith('scratch-')),
    ['app.conf'],
  );
});
