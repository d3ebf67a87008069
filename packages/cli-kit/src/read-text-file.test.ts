import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTextFile } from './read-text-file.ts';

test('gives a text as it is, and refuses what would arrive as something else', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'text-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'file');
  const text = '\uFEFFgr\u00FC\u00DFe \u4F60\u597D \u{1F680}\r\n';

  await writeFile(path, text);
  assert.equal(await readTextFile(path), text);
  for (const bytes of [Buffer.from('gr\u00FC\u00DFe', 'latin1'), Buffer.from([0x1f, 0x8b, 8, 0])]) {
    await writeFile(path, bytes);
    await assert.rejects(readTextFile(path), { code: 'CLI_FILE_UNREADABLE' });
  }
});
