/** What must be whole, on a disk with room for a part of it: refused, with what was there before as it was. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { writeDurably } from '../src/data-directory.ts';
import { Journal } from '../src/journal/journal.ts';
import { openUndoRecords, UNDO_LIMITS } from '../src/journal/undo-records.ts';

const KIB = 1024;
const mount = mkdtempSync(join(tmpdir(), 'filling-disk-'));
const directory = join(mount, 'agent');

before(() => {
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mount], { encoding: 'utf8' });
  assert.equal(made.status, 0, `a disk of its own needs root: ${made.stderr}`);
});
after(() => {
  spawnSync('umount', [mount]);
  rmSync(mount, { recursive: true, force: true });
});
beforeEach(() => mkdirSync(directory));
afterEach(() => rmSync(directory, { recursive: true }));

test('a file of the agent stays what it was when the new one does not fit', () => {
  const path = join(directory, 'identity.json');
  writeDurably(path, 'old');

  assert.throws(() => writeDurably(path, 'new'.repeat(200 * KIB)), { code: 'ENOSPC' });

  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.deepEqual(
    readdirSync(directory),
    ['identity.json'],
    'nothing half done takes the room that is left',
  );
});

test('what cannot be recorded whole is not recorded, so that nothing is changed without a way back', () => {
  const planDigest = 'a'.repeat(64);
  const undo = openUndoRecords({ directory, now: () => 0, isOpen: () => true, limits: UNDO_LIMITS });
  const place = { planDigest, stepIndex: 0, attempt: 1 };
  undo.begin({ ...place, planExpiresAt: '2026-01-01T00:00:00.000Z' });
  const record = (text: string) =>
    undo.record({ ...place, actionIndex: 0, action: 'files.manage', record: { text } });

  assert.throws(() => record('x'.repeat(400 * KIB)), { code: 'ENOSPC' });
  record('small');

  const book = undo.of(planDigest);
  assert.deepEqual([book?.isSound, book?.records.map(({ record: { text } }) => text)], [true, ['small']]);
});

test('a journal is there with all its room or not at all', () => {
  const path = join(directory, 'journal');
  writeFileSync(join(directory, 'ballast'), Buffer.alloc(64 * KIB));

  assert.throws(() => Journal.open(path), { code: 'ENOSPC' });

  assert.deepEqual(readdirSync(directory), ['ballast']);
});
