import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkProcesses } from './check-processes.ts';

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-processes-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('one process is well anywhere, and several where there are processors for them', async (t) => {
  const dataDirectory = place(t);
  const codeOf = async (processes: number): Promise<string> =>
    (await checkProcesses({ processes, dataDirectory }, 2)).code;

  assert.deepEqual(
    [await codeOf(1), await codeOf(2), await codeOf(3), await codeOf(4)],
    ['processesOne', 'processesIdle', 'processesIdle', 'processesMany'],
  );
});

test('a leader that opens its door is told from one that died and was not replaced', async (t) => {
  const dataDirectory = place(t);
  const leader = createServer().listen(join(dataDirectory, 'leader.sock'));
  await once(leader, 'listening');
  const led = await checkProcesses({ processes: 2, dataDirectory }, 2);
  await once(leader.close(), 'close');
  const dies = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', dies, join(dataDirectory, 'leader.sock')]);
  const dead = await checkProcesses({ processes: 2, dataDirectory }, 2);

  assert.deepEqual([led.code, dead.code], ['processes', 'processesNoLeader']);
});

test('a data directory whose path is too long for a socket is a problem', async () => {
  const dataDirectory = `/srv/${'x'.repeat(120)}`;

  const { state, code } = await checkProcesses({ processes: 2, dataDirectory }, 2);

  assert.deepEqual([state, code], ['problem', 'processesPath']);
});

test('of several machines nobody asks for a leader on this one', async (t) => {
  const wanted = { processes: 2, dataDirectory: place(t), peers: {} };

  assert.equal((await checkProcesses(wanted, 2)).code, 'processesSet');
});
