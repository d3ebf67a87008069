import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultGroup } from '@pilothouse/contract';
import { fetchWithOutputs } from './await-outputs.ts';

const group = { state: 'succeeded' as const, exitCode: 0, error: null, hostsCount: 1, hostNames: ['h1'] };
const preview = { stdout: 'all of it', stderr: '', cutBytes: 0, hiddenChars: 0 };
const silent: ResultGroup = { ...group, outputDigest: null, preview: null };
const coming: ResultGroup = { ...group, outputDigest: 'a'.repeat(64), preview: null };
const here: ResultGroup = { ...coming, preview };

test('looks again until the outputs that are on their way are there', async () => {
  const answers = [[coming, silent], [coming, silent], [here, silent], []];
  let pauses = 0;

  const groups = await fetchWithOutputs(
    async () => answers.shift() ?? [],
    async () => void pauses++,
  );

  assert.deepEqual(groups, [here, silent]);
  assert.equal(pauses, 2);
});

test('an output that never comes holds nobody for long', async () => {
  let pauses = 0;

  const groups = await fetchWithOutputs(
    async () => [coming],
    async () => void pauses++,
  );

  assert.deepEqual(groups, [coming]);
  assert.ok(pauses < 30);
});
