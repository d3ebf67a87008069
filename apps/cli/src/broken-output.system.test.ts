import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

test('output that a full disk does not take is told, and is not taken for hosts that failed', async () => {
  const full = await open('/dev/full', 'w');
  const program = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', full.fd, 'pipe'] });
  let told = '';
  program.stderr?.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const [code] = await once(program, 'close');
  await full.close();

  assert.equal(code, 70);
  assert.match(told, /^error: .*ENOSPC\n {2}next: .*\n {2}code: CLI_OUTPUT_FAILED\n$/);
});

test('whoever stops reading what is said beside the results changes nothing of how it ends', async () => {
  const program = spawn(process.execPath, [main, 'no-such-verb'], { stdio: ['ignore', 'pipe', 'pipe'] });
  program.stderr?.destroy();
  const [code] = await once(program, 'close');

  assert.equal(code, 2);
});
