/** The server as a process: what it refuses to start on, how it says so, and that a second start finds what the first left. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'pilothouse-start-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function spawnServer(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PILOTHOUSE_LANG: 'en', PILOTHOUSE_ADVERTISE: 'localhost', ...environment },
  });
  let text = '';
  let heard: () => void = () => undefined;
  const hear = (piece: Buffer): void => {
    text += piece.toString();
    heard();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = once(child, 'close').then(([code]): Ended => ({ code, text }));
  return {
    ended,
    /** Resolves with everything said so far once it said this, or with all of it when it ended first. */
    async said(what: string): Promise<string> {
      const found = new Promise<void>((resolve) => {
        heard = () => {
          if (text.includes(what)) resolve();
        };
        heard();
      });
      await Promise.race([found, ended]);
      return text;
    },
    stop: () => child.kill('SIGTERM'),
  };
}

const anyPorts = ['--listen', '127.0.0.1:0', '--gateway-listen', '127.0.0.1:0'];
const run = (args: readonly string[], environment?: Record<string, string>): Promise<Ended> =>
  spawnServer(args, environment).ended;

test('starts, stops on SIGTERM with 0, and finds everything at the second start', async (t) => {
  const data = directory(t);
  const texts: string[] = [];
  for (let start = 0; start < 2; start++) {
    const server = spawnServer(['--data', data, ...anyPorts]);
    texts.push(await server.said('Ctrl-C stops it'));
    server.stop();
    assert.equal((await server.ended).code, 0, (await server.ended).text);
  }

  const pins = texts.map((text) => /--pin ([0-9a-f]{64})/.exec(text)?.[1]);
  assert.match(texts[0] ?? '', /\/setup#phc_/);
  assert.equal(pins[0], pins[1]);
});

test('a data directory in use, an unwritable one, and a corrupt store are refused with code, next step and exit code', async (t) => {
  const data = directory(t);
  const first = spawnServer(['--data', data, ...anyPorts]);
  await first.said('Ctrl-C stops it');
  const corrupt = directory(t);
  writeFileSync(
    join(corrupt, 'pilothouse.db'),
    'this is not a database, and long enough to be looked at'.repeat(100),
  );
  const file = join(directory(t), 'a-file');
  writeFileSync(file, '');

  const inUse = await run(['--data', data, ...anyPorts]);
  const unwritable = await run(['--data', join(file, 'below'), ...anyPorts]);
  const damaged = await run(['--data', corrupt, ...anyPorts]);
  first.stop();
  await first.ended;

  assert.deepEqual([inUse.code, unwritable.code, damaged.code], [4, 5, 6]);
  assert.match(inUse.text, /^DATA_DIRECTORY_IN_USE: .* process \d+\n {2}Stop that process/);
  assert.match(unwritable.text, /^DATA_DIRECTORY_UNWRITABLE: /);
  assert.match(damaged.text, /^STORE_CORRUPT: /);
});

test('a store of a newer version is refused', async (t) => {
  const data = directory(t);
  const server = spawnServer(['--data', data, ...anyPorts]);
  await server.said('Ctrl-C stops it');
  server.stop();
  await server.ended;
  const database = new DatabaseSync(join(data, 'pilothouse.db'));
  database.exec(
    "insert into store_migration select owner, '9999-from-the-future', at from store_migration limit 1",
  );
  database.close();

  const newer = await run(['--data', data, ...anyPorts]);

  assert.equal(newer.code, 7, newer.text);
  assert.match(newer.text, /^STORE_NEWER: /);
});

test('a port in use is named, and the data directory is free again afterwards', async (t) => {
  const data = directory(t);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  const refused = await run([
    '--data',
    data,
    '--listen',
    `127.0.0.1:${port}`,
    '--gateway-listen',
    '127.0.0.1:0',
  ]);
  const again = spawnServer(['--data', data, ...anyPorts]);
  await again.said('Ctrl-C stops it');
  again.stop();

  assert.equal(refused.code, 3, refused.text);
  assert.match(refused.text, new RegExp(`PORT_IN_USE: Port ${port} on 127.0.0.1`));
  assert.equal((await again.ended).code, 0);
});

test('a configuration that makes no sense is refused before anything is touched', async () => {
  const unknown = await run([], { PILOTHOUSE_LISTN: ':1' });
  const store = await run(['--store', 'mysql://u:p@h/d']);

  assert.deepEqual([unknown.code, store.code], [2, 2]);
  assert.match(unknown.text, /did you mean PILOTHOUSE_LISTEN\?/);
  assert.ok(!store.text.includes('u:p'), store.text);
});

test('audit verify reads the store file itself and finds an edited record', async (t) => {
  const data = directory(t);
  const server = spawnServer(['--data', data, ...anyPorts]);
  const text = await server.said('Ctrl-C stops it');
  await setUp(text);
  server.stop();
  await server.ended;

  const before = await run(['audit', 'verify', '--data', data]);
  const database = new DatabaseSync(join(data, 'pilothouse.db'));
  const { changes } = database.prepare("update audit_record set subject = 'eve' where subject = 'ada'").run();
  database.close();
  const afterwards = await run(['audit', 'verify', '--data', data]);

  assert.ok(Number(changes) > 0);
  assert.deepEqual([before.code, afterwards.code], [0, 1], before.text + afterwards.text);
});

/** Makes the first administrator by what the server printed, so that there is something in the audit. */
async function setUp(printed: string): Promise<void> {
  const [, url, code] = /(https:\S+)\/setup#(\S+)/.exec(printed) ?? [];
  const body = JSON.stringify({ code, name: 'ada', password: 'correct horse battery' });
  const headers = { 'content-type': 'application/json' };
  // The certificate of this throw-away server is of no interest here.
  const request = httpsRequest(`${url}/api/v1/setup`, { method: 'POST', rejectUnauthorized: false, headers });
  request.end(body);
  const [answer] = (await once(request, 'response')) as [IncomingMessage]; // What the event carries.
  answer.resume();
  assert.equal(answer.statusCode, 200);
}
