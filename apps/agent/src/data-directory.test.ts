import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mayBeThere } from './data-directory.ts';

test('what a disk cannot say of a file counts as its being there: a host on hold stays so', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'data-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const hold = join(directory, 'hold');

  assert.equal(mayBeThere(hold), false);
  assert.equal(mayBeThere(join(directory, 'gone', 'hold')), false);
  writeFileSync(hold, '');
  assert.equal(mayBeThere(hold), true);
  symlinkSync('loop', join(directory, 'loop'));
  assert.equal(mayBeThere(join(directory, 'loop', 'hold')), true);
});
