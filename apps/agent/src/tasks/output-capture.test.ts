import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { OutputCapture } from './output-capture.ts';

test('what is said after the end goes nowhere, least of all into a file that was opened since', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'capture-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const capture = new OutputCapture(join(directory, 'task'), 1000);
  capture.add('stdout', Buffer.from('in time'));
  capture.close();
  // The system gives away the numbers of files that were closed.
  const others = ['a', 'b'].map((name) => join(directory, name));
  const open = others.map((path) => openSync(path, 'w'));

  for (const stream of ['stdout', 'stderr'] as const)
    assert.equal(capture.add(stream, Buffer.from('late')).length, 0);

  for (const file of open) closeSync(file);
  assert.deepEqual(
    others.map((path) => readFileSync(path, 'utf8')),
    ['', ''],
  );
  assert.equal(capture.body().stdout, 'in time');
});
