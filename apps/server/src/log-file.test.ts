import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openLogFile } from './log-file.ts';

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-log-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('goes on where it was, and puts the file aside when it is large', (t) => {
  const path = join(place(t), 'server.log');
  const options = { bytesMax: 8, otherwise: assert.fail };

  openLogFile(path, options)('one\n');
  const write = openLogFile(path, options);
  for (const line of ['two\n', 'three\n', 'four\n', 'five\n']) write(line);

  assert.equal(readFileSync(path, 'utf8'), 'five\n');
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'three\nfour\n');
  assert.equal(readdirSync(join(path, '..')).length, 2);
});

test('what cannot be written is said elsewhere', (t) => {
  const path = join(place(t), 'server.log');
  mkdirSync(path);
  const said: string[] = [];

  openLogFile(path, { otherwise: (line) => said.push(line) })('lost\n');

  assert.deepEqual(said, ['lost\n']);
});
