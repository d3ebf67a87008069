/** `npm start` as its users meet it: both programs come up and end together, and what stands in the way is told. */
import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { createClient } from '@pilothouse/client';
import { sessionRoutes } from '@pilothouse/contract';
import { testFetch, until } from '@pilothouse/testkit';
import { buildBundles } from '../../../tools/build.ts';
import {
  type Manner,
  newPlace,
  type Place,
  processesOf,
  removePlace,
  startProgram,
} from './started-program.ts';

/** A user who does not own the checkout could not. */
before(async () => {
  await buildBundles(['agent']);
});

async function place(t: TestContext): Promise<Place> {
  const made = await newPlace();
  t.after(() => {
    for (const pid of processesOf(made)) process.kill(pid, 'SIGKILL');
    removePlace(made);
  });
  return made;
}

const hostIdIn = (text: string): string | undefined => /online \((h_\w+)\)/.exec(text)?.[1];

/** Starts it, ends it as Ctrl-C does, and gives what it had said. */
async function startAndStop(where: Place, manner?: Manner): Promise<string> {
  const program = startProgram(where, manner);
  const text = await program.ready();
  program.interrupt();
  const end = await program.ended;
  assert.equal(end.code, 0, end.text);
  assert.doesNotMatch(end.text, / error|"error"/);
  assert.deepEqual(processesOf(where), []);
  return text;
}

async function makeAdministrator(text: string): Promise<void> {
  const [, baseUrl = '', code = ''] = /(https:\S+)\/setup#(\S+)/.exec(text) ?? [];
  const { fetch, close } = testFetch();
  const client = createClient({ baseUrl, fetch, token: null, language: 'en' });
  await client.call(sessionRoutes.setup, { body: { code, name: 'ada', password: 'correct horse battery' } });
  close();
}

test('comes up with this machine online, ends both on Ctrl-C, and finds everything again', async (t) => {
  const where = await place(t);
  const startedAt = performance.now();
  const first = startProgram(where);
  const firstText = await first.ready();
  t.diagnostic(`ready after ${Math.round(performance.now() - startedAt)} ms`);
  await makeAdministrator(firstText);
  assert.ok(processesOf(where).length >= 2, 'server and agent are processes of their own');
  const builders = processesOf(where).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`).includes('esbuild'),
  );
  assert.deepEqual(builders, [], 'what built the bundles is gone');
  first.signal('SIGINT');
  const end = await first.ended;
  const left = processesOf(where);

  const secondText = await startAndStop(where);

  assert.equal(end.code, 0, end.text);
  assert.deepEqual(left, []);
  assert.ok(hostIdIn(firstText), firstText);
  assert.equal(hostIdIn(secondText), hostIdIn(firstText));
  assert.match(firstText, /\/setup#phc_/);
  assert.doesNotMatch(secondText, /setup/);
  assert.match(secondText, /pilothouse login https:\/\/localhost:\d+ --pin [0-9a-f]{64}/);
});

test('on a terminal the way in is what stands last, and the log goes to a file', async (t) => {
  const where = await place(t);
  const program = startProgram(where, { onTerminal: true });
  const text = await program.ready();

  await makeAdministrator(text);
  program.signal('SIGTERM');
  const end = await program.ended;
  const log = readFileSync(join(where.data, 'server.log'), 'utf8');
  await until('both to end', 10_000, async () => processesOf(where).length === 0);

  assert.match(text, /^\s+Pilothouse is ready\.\s/);
  assert.doesNotMatch(end.text, / info /);
  assert.match(log, /"text":"issued the server certificate"/);
  assert.match(log, /"text":"request".*"route":"setup.complete"/);
});

test('finds the same host when it is started on other ports', async (t) => {
  const where = await place(t);
  const before = await startAndStop(where);
  const other = await place(t);

  const after = await startAndStop({ ...other, data: where.data });

  assert.ok(hostIdIn(before), before);
  assert.equal(hostIdIn(after), hostIdIn(before));
});

test('works for an ordinary user, and says what is not offered and why', async (t) => {
  const where = await place(t);

  const text = await startAndStop(where, { asOrdinaryUser: true });

  assert.ok(hostIdIn(text), text);
  assert.match(text, /What its agent cannot offer \(without root a part is missing\):\n( {4}\S.*: \S.*\n)+/);
  assert.equal(text.split('Start a service,').length, 2, text);
});

test('a second start on the same data is refused, one beside it with other data is not', async (t) => {
  const [where, beside] = [await place(t), await place(t)];
  const first = startProgram(where);
  const firstText = await first.ready();

  const refused = await startProgram({ ...beside, data: where.data }).ended;
  const besideText = await startAndStop(beside);
  const isFirstAlive = processesOf(where).length >= 2;
  first.signal('SIGTERM');

  assert.equal((await first.ended).code, 0);
  assert.equal(refused.code, 4, refused.text);
  assert.match(refused.text, /^DATA_DIRECTORY_IN_USE: .* process \d+\n {2}\S/m);
  assert.ok(isFirstAlive);
  assert.notEqual(hostIdIn(besideText), hostIdIn(firstText));
});

test('a port in use is refused and nothing keeps running', async (t) => {
  const where = await place(t);
  const other = createServer();
  const [host, port] = where.gatewayListen.split(':');
  await new Promise<void>((resolve) => other.listen(Number(port), host, resolve));
  t.after(() => other.close());

  const refused = await startProgram(where).ended;

  assert.equal(refused.code, 3, refused.text);
  assert.match(refused.text, new RegExp(`^PORT_IN_USE: Port ${port} on ${host}`, 'm'));
  assert.deepEqual(processesOf(where), []);
});

test('a data directory that may not be written is refused', async (t) => {
  const where = await place(t);
  chmodSync(where.data, 0o500);

  const refused = await startProgram(where, { asOrdinaryUser: true }).ended;

  assert.equal(refused.code, 5, refused.text);
  assert.match(refused.text, /^DATA_DIRECTORY_UNWRITABLE: .*\n {2}\S/m);
});

test('a damaged store is refused, and not a byte of it is changed', async (t) => {
  const where = await place(t);
  await startAndStop(where);
  const path = join(where.data, 'pilothouse.db');
  const damaged = readFileSync(path).fill('damage', 4096, 12_288);
  writeFileSync(path, damaged);

  const refused = await startProgram(where).ended;

  assert.equal(refused.code, 6, refused.text);
  assert.match(refused.text, /^STORE_CORRUPT: .*\n {2}\S/m);
  assert.ok(readFileSync(path).equals(damaged));
  assert.deepEqual(processesOf(where), []);
});

for (const [what, manner] of [
  ['the server', {}],
  ['a wrapper under another Node', { nodeVersion: '20.20.2' }],
] as const) {
  test(`kill -9 of ${what} ends the rest too, and the next start finds the same host`, async (t) => {
    const where = await place(t);
    const first = startProgram(where, manner);
    const text = await first.ready();

    first.signal('SIGKILL');
    await until('the others to end with it', 10_000, async () => processesOf(where).length === 0);
    const again = await startAndStop(where, manner);

    assert.equal(hostIdIn(again), hostIdIn(text));
  });
}

test('under another Node without the pinned one it says so in one line', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'pilothouse-bare-'));
  t.after(() => rmSync(root, { recursive: true }));
  cpSync(join(import.meta.dirname, '../bin'), join(root, 'apps/server/bin'), { recursive: true });

  const refused = await startProgram(await place(t), { nodeVersion: '20.20.2', root }).ended;

  assert.equal(refused.code, 70);
  assert.equal(
    refused.text,
    'Pilothouse needs Node 24; this is v20.20.2 and the pinned one is not installed. Run: npm ci\n',
  );
});
