import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ServerProcess, startServerProcess } from '@pilothouse/testkit';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PASSWORD = 'correct horse battery staple';
let directory: string;
let server: ServerProcess;
let url: string;
let pin: string;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is an AddressInfo, a string only for pipes.
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pilothouse-login-'));
  const [port, gatewayPort] = [await freePort(), await freePort()];
  server = await startServerProcess({
    entry: join(ROOT, 'apps/server/src/main.ts'),
    dataDirectory: join(directory, 'data'),
    // All addresses, so that one is reached that the certificate does not name.
    listen: `0.0.0.0:${port}`,
    gatewayListen: `127.0.0.1:${gatewayPort}`,
    advertise: 'localhost',
  });
  url = `https://localhost:${port}`;
  pin = /--pin ([0-9a-f]{64})/.exec(server.log())?.[1] ?? '';
});
after(async () => {
  await server.kill('SIGTERM');
  await rm(directory, { recursive: true });
});

/** The program as people start it: a process of its own, its own configuration directory. */
const pilothouse = (name: string, line: readonly string[], input = '') =>
  new Promise<{ exit: number; out: string; err: string }>((resolve) => {
    const environment = { ...process.env, LC_ALL: 'C', PILOTHOUSE_CONFIG_HOME: join(directory, name) };
    const child = execFile(
      process.execPath,
      [join(ROOT, 'apps/cli/src/main.ts'), ...line],
      { env: environment },
      (error, out, err) => resolve({ exit: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
    child.stdin?.end(input);
  });

test('signs in over TLS that only the pin vouches for, and works from then on without it', async () => {
  const setup = ['--setup', server.setupCode ?? '', '--name', 'ada', '--password-stdin'];

  const login = await pilothouse('one', ['login', url, '--pin', pin, ...setup], PASSWORD);
  const hosts = await pilothouse('one', ['hosts', '--json']);

  assert.equal(login.exit, 0, login.err);
  assert.equal(hosts.exit, 0, hosts.err);
  assert.deepEqual(JSON.parse(hosts.out), []);
  assert.deepEqual((await readdir(join(directory, 'one'))).sort(), ['cli.json', 'witness']);
});

test('sends nothing to a server that the pin does not vouch for', async () => {
  const line = ['--name', 'ada', '--password-stdin'];

  const wrong = await pilothouse('two', ['login', url, '--pin', 'a'.repeat(64), ...line], PASSWORD);
  const none = await pilothouse('two', ['login', url, ...line], PASSWORD);

  assert.equal(wrong.exit, 4);
  assert.match(wrong.err, /CLI_PIN_MISMATCH/);
  assert.equal(none.exit, 4);
  assert.match(none.err, /CLIENT_UNTRUSTED/);
});

test('refuses a server by a name that is not in its certificate', async () => {
  const other = url.replace('localhost', '127.0.0.2');

  const { exit, err } = await pilothouse(
    'three',
    ['login', other, '--pin', pin, '--name', 'ada', '--password-stdin'],
    PASSWORD,
  );

  assert.equal(exit, 4);
  assert.match(err, /CLIENT_UNTRUSTED/);
});

test('says a wrong password, and a set-up code that was used', async () => {
  const name = ['--pin', pin, '--name', 'ada', '--password-stdin'];

  const password = await pilothouse('four', ['login', url, ...name], 'wrong');
  const used = await pilothouse('four', ['login', url, ...name, '--setup', server.setupCode ?? ''], PASSWORD);

  assert.equal(password.exit, 5);
  assert.match(password.err, /SIGN_IN_FAILED/);
  assert.equal(used.exit, 3);
  assert.match(used.err, /SETUP_DONE|SETUP_CODE_WRONG/);
});
