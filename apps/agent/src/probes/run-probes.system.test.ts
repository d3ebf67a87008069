import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '@pilothouse/base';
import type { Probe, ProbeResult } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { issueServer, newAuthority } from '../../test/test-authority.ts';
import { runProbes } from './run-probes.ts';

const servers: Server[] = [];
let [page, secure, silent, closed] = [0, 0, 0, 0];
let asked = 0;

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    servers.push(server);
    // listen() on an address gives an address.
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

before(async () => {
  page = await listen(
    createServer((request, response) => {
      asked += 1;
      if (request.url === '/moved') return void response.writeHead(302, { location: '/' }).end();
      if (request.url === '/endless') {
        response.writeHead(200);
        const more = setInterval(() => response.write('x'.repeat(8192)), 1);
        return void response.on('close', () => clearInterval(more));
      }
      if (request.url === '/third') return void response.writeHead(asked < 3 ? 503 : 200).end('well');
      response.writeHead(200).end('all is well');
    }),
  );
  const authority = await newAuthority();
  secure = await listen(createTlsServer(await issueServer(authority), (_, response) => response.end('safe')));
  silent = await listen(createTcpServer());
  closed = await listen(createTcpServer());
  await new Promise((resolve) => servers.pop()?.close(resolve));
});
after(() => {
  for (const server of servers) server.close();
});

const common = { name: 'p', tries: 1, pauseMs: 0, timeoutMs: 3000 };
const http = (path: string, more: Partial<Extract<Probe, { kind: 'http' }>> = {}): Probe => ({
  ...common,
  kind: 'http',
  url: `http://127.0.0.1:${page}${path}`,
  statusMin: 200,
  statusMax: 299,
  bodyHas: null,
  isInsecure: false,
  ...more,
});
const command = (argv: string[], more: Partial<Extract<Probe, { kind: 'command' }>> = {}): Probe => ({
  ...common,
  kind: 'command',
  argv,
  exitCode: 0,
  ...more,
});

async function ask(probe: Probe, signal = new AbortController().signal): Promise<ProbeResult> {
  const [result] = await runProbes([probe], { clock: systemClock, signal });
  assert.ok(result !== undefined);
  return result;
}
const passes = async (probe: Probe): Promise<boolean> => (await ask(probe)).isPassing;

test('http: status, text in the start of the body, no redirects followed, a body without end is cut', async () => {
  assert.ok(await passes(http('/')));
  assert.ok(await passes(http('/', { bodyHas: 'is well' })));
  assert.ok(!(await passes(http('/', { bodyHas: 'broken' }))));
  assert.ok(!(await passes(http('/moved'))));
  assert.ok(await passes(http('/moved', { statusMin: 300, statusMax: 399 })));
  assert.ok(await passes(http('/endless', { bodyHas: 'xxx' })));
});

test('https: a certificate that nobody trusts fails unless the plan says otherwise', async () => {
  const url = `https://127.0.0.1:${secure}/`;

  const strict = await ask(http('/', { url }));

  assert.ok(!strict.isPassing);
  assert.match(strict.evidence, /CERT|SELF_SIGNED|VERIFY/);
  assert.ok(await passes(http('/', { url, isInsecure: true, bodyHas: 'safe' })));
});

test('tcp: a port that accepts passes, one that refuses fails with the reason', async () => {
  assert.ok(await passes({ ...common, kind: 'tcp', host: '127.0.0.1', port: silent }));
  const refused = await ask({ ...common, kind: 'tcp', host: '127.0.0.1', port: closed });
  assert.deepEqual([refused.isPassing, refused.evidence], [false, 'ECONNREFUSED']);
});

test('command: exit code as asked, no input, bounded in time and output, nothing left behind', async () => {
  assert.ok(await passes(command(['true'])));
  assert.ok(await passes(command(['sh', '-c', 'exit 3'], { exitCode: 3 })));
  assert.ok(await passes(command(['sh', '-c', 'cat; echo end of input'])), 'stdin is closed');
  assert.match((await ask(command(['no-such-program']))).evidence, /no program/);
  assert.match((await ask(command(['/etc/passwd']))).evidence, /EACCES/);
  assert.match((await ask(command(['yes']))).evidence, /more than 65536 bytes/);
  assert.match((await ask(command(['sh', '-c', 'echo why; exit 1']))).evidence, /exit code 1: why/);

  const note = join(mkdtempSync(join(tmpdir(), 'probe-')), 'pid');
  const slow = await ask(command(['sh', '-c', `sleep 300 & echo $! > ${note}; wait`], { timeoutMs: 500 }));

  assert.match(slow.evidence, /no end within 500 ms/);
  const child = readFileSync(note, 'utf8').trim();
  const state = await until('the child to end', 5000, async () => {
    const status = existsSync(`/proc/${child}/status`)
      ? readFileSync(`/proc/${child}/status`, 'utf8')
      : 'gone';
    return /^State:\tZ|gone/m.test(status) ? status : null;
  });
  assert.ok(state !== null);
  rmSync(dirname(note), { recursive: true });
});

test('unit: what systemd does not call active fails', async () => {
  assert.ok(!(await passes({ ...common, kind: 'unit', unit: 'pilothouse-no-such-unit.service' })));
});

test('tries until it passes, and says how often it took; a cancel cuts it short', async () => {
  asked = 0;
  const third = await ask(http('/third', { tries: 5, pauseMs: 5 }));
  assert.deepEqual([third.isPassing, third.tries], [true, 3]);

  const controller = new AbortController();
  const waiting = ask(command(['false'], { tries: 20, pauseMs: 60_000 }), controller.signal);
  setImmediate(() => controller.abort());
  assert.equal((await waiting).isPassing, false);
});

test('nobody is left waiting on a signal that lives as long as the agent', async () => {
  const { signal } = new AbortController();
  await ask(command(['false'], { tries: 3, pauseMs: 1 }), signal);

  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('command: a probe that leaves a daemon behind ends with its program', { timeout: 20_000 }, async (t) => {
  const note = join(mkdtempSync(join(tmpdir(), 'probe-')), 'pid');
  const left = await ask(command(['sh', '-c', `setsid sleep 300 & echo $! > ${note}`]));
  t.after(() => {
    process.kill(Number(readFileSync(note, 'utf8')));
    rmSync(dirname(note), { recursive: true });
  });

  assert.deepEqual([left.isPassing, left.evidence], [true, 'exit code 0']);
});
