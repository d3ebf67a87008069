import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lookAtFile, readRegular } from './look-at-file.ts';

test('what takes the place of a file between two looks is neither followed nor waited for', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'look-'));
  t.after(() => rm(directory, { recursive: true }));
  const at = (name: string) => join(directory, name);
  await writeFile(at('secret'), 'secret');
  await symlink(at('secret'), at('link'));
  execFileSync('mkfifo', [at('pipe')]);

  const whats = [];
  for (const read of [readRegular, lookAtFile])
    for (const path of ['link', 'pipe', '.', 'none'].map(at)) {
      const found = await read({ path, at: path, directory });
      whats.push('code' in found ? found.details['what'] : found.kind);
    }

  assert.deepEqual(whats.slice(0, 4), ['a link', 'special', 'a directory', 'absent']);
  assert.deepEqual(whats.slice(4), whats.slice(0, 4));
  const unopened = { path: at('secret'), at: at('secret'), directory: null };
  assert.deepEqual(await lookAtFile(unopened), { kind: 'absent' });
});
