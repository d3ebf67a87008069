import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../simulation/main.ts', import.meta.url));

test('a thousand worlds of bytes and disks break no invariant', async () => {
  // A world that breaks one is named with its seed on standard output, and the program fails.
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'wire', '--seeds', '1000']);

  assert.match(stdout, /^1000 worlds in .* 0 broke an invariant$/m);
});
