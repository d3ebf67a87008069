import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createKernelReader } from './read-kernel-file.ts';

test('reads what fits the buffer, what does not, and says null for what is not there', () => {
  const read = createKernelReader();

  assert.match(read('/proc/uptime') ?? '', /^\d/);
  assert.equal(read('/proc/cpuinfo')?.length, readFileSync('/proc/cpuinfo', 'utf8').length);
  assert.equal(read('/proc/version'), readFileSync('/proc/version', 'utf8'));
  assert.equal(read('/proc/absent'), null);
  assert.equal(read('/proc'), null, 'a directory');
});
