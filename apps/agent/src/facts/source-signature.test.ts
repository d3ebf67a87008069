import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { changedAt, sourceSignature } from './source-signature.ts';

test('a file is known by its time, a file of the kernel by its text, a directory of it by its names', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-signature-'));
  const file = join(directory, 'file');
  writeFileSync(file, 'one');
  utimesSync(file, 1, 1);
  const before = sourceSignature(file);
  utimesSync(file, 2, 2);

  assert.notEqual(sourceSignature(file), before);
  assert.match(sourceSignature('/proc/sys/kernel/ostype'), /^Linux/);
  assert.match(sourceSignature('/proc/sys'), /\bkernel\b/);
  assert.equal(sourceSignature(join(directory, 'absent')), '-');
  assert.equal(sourceSignature(join(file, 'below')), '-');
  assert.equal(typeof (await changedAt(file)), 'number');
  assert.equal(await changedAt(join(file, 'below')), null);
  rmSync(directory, { recursive: true });
});
