/** A disk that errors have made read-only, as ext4 does: what was running is told all the same, and nothing ends the agent. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createFactBodies } from '../src/facts/fact-bodies.ts';
import { createOutputBodies } from '../src/tasks/output-bodies.ts';
import { OutputCapture, removeCaptured } from '../src/tasks/output-capture.ts';

const DIGEST = 'a'.repeat(64);
let directory = '';
const mount = (...args: string[]): void => {
  const made = spawnSync('mount', args, { encoding: 'utf8' });
  assert.equal(made.status, 0, `a disk of its own needs root: ${made.stderr}`);
};
const turnReadOnly = (): void => mount('-o', 'remount,ro', directory);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'read-only-disk-'));
  mount('-t', 'tmpfs', 'tmpfs', directory);
});
afterEach(() => {
  spawnSync('umount', [directory]);
  rmSync(directory, { recursive: true });
});

test('the output of a task is cut, and its body is said to be lost', () => {
  mkdirSync(join(directory, 'task'));
  const bodies = createOutputBodies(join(directory, 'bodies'));
  turnReadOnly();

  const capture = new OutputCapture(join(directory, 'task'), 1000);
  assert.equal(capture.add('stdout', Buffer.from('words')).length, 0);
  assert.deepEqual(capture.body(), { stdout: '', stderr: '', cutBytes: 5 });
  capture.close();
  bodies.put(DIGEST, '{}');

  assert.equal(bodies.get(DIGEST), null);
});

test('what the server has stays where it is', () => {
  const bodies = createOutputBodies(join(directory, 'bodies'));
  bodies.put(DIGEST, '{}');
  mkdirSync(join(directory, 'task'));
  turnReadOnly();

  bodies.removeSmall(DIGEST, 1000);
  bodies.remove(DIGEST);
  removeCaptured(join(directory, 'task'));

  assert.equal(bodies.get(DIGEST)?.toString(), '{}');
});

test('a fact is found, and its body travels with it', () => {
  const bodies = createFactBodies(join(directory, 'facts'));
  bodies.put('os', '{"id":"old"}');
  turnReadOnly();

  assert.equal(bodies.put('os', '{"id":"new"}'), false);
});
