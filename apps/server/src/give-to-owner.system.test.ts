import assert from 'node:assert/strict';
import {
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { giveToOwner } from './give-to-owner.ts';

/** Debian's `nobody`, `nogroup`. */
const NOBODY = 65_534;

test('what root leaves in a directory of somebody else is theirs; links and files of two names are not touched', (t) => {
  assert.equal(process.getuid?.(), 0, 'this test is about root');
  const scratch = mkdtempSync(join(tmpdir(), 'pilothouse-owner-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  const data = join(scratch, 'data');
  mkdirSync(join(data, 'keys'), { recursive: true });
  for (const name of ['pilothouse.db', 'keys/authority.json', 'twice']) writeFileSync(join(data, name), '');
  writeFileSync(join(scratch, 'outside'), '');
  symlinkSync(join(scratch, 'outside'), join(data, 'link'));
  linkSync(join(data, 'twice'), join(scratch, 'second-name'));
  chownSync(data, NOBODY, NOBODY);

  giveToOwner(data);

  const ownerOf = (path: string): number => lstatSync(path).uid;
  assert.deepEqual(
    ['pilothouse.db', 'keys', 'keys/authority.json'].map((name) => ownerOf(join(data, name))),
    [NOBODY, NOBODY, NOBODY],
  );
  assert.deepEqual(
    [join(data, 'twice'), join(data, 'link'), join(scratch, 'outside')].map(ownerOf),
    [0, 0, 0],
  );
});

test('a directory of root itself stays as it is, and one that is not there is no error', (t) => {
  const data = mkdtempSync(join(tmpdir(), 'pilothouse-owner-'));
  t.after(() => rmSync(data, { recursive: true }));
  writeFileSync(join(data, 'pilothouse.db'), '');

  giveToOwner(data);
  giveToOwner(join(data, 'absent'));

  assert.equal(lstatSync(join(data, 'pilothouse.db')).uid, 0);
});
