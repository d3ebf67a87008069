import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { fakeClock } from '@pilothouse/testkit';
import { createUploads } from './uploads.ts';

const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A gateway without TLS that answers with these statuses, one after another, and then with 204. */
async function openGateway(t: TestContext, statuses: number[]) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    request.resume();
    response.writeHead(statuses.shift() ?? 204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { paths, url: new URL(`https://127.0.0.1:${port}`), dial: () => connect(port, '127.0.0.1') };
}

/** Resolves when the agent has said so of `count` bodies, or waits for its next attempt. */
async function openUploads(t: TestContext, statuses: number[]) {
  const gateway = await openGateway(t, statuses);
  const clock = fakeClock();
  const uploaded: string[] = [];
  let idle = Promise.withResolvers<void>();
  const uploads = createUploads({
    clock: {
      ...clock,
      after(ms, run) {
        idle.resolve();
        return clock.after(ms, run);
      },
    },
    // Whoever reads and writes it sees no difference.
    dialler: { dial: async () => gateway.dial() as unknown as TLSSocket, forget: () => undefined },
    log: SILENT,
    target: () => ({ url: gateway.url, trust: { authorities: null } }),
    facts: async (digest) => `"${digest}"`,
    outputs: async () => null,
    uploaded: (_kind, digest) => {
      uploaded.push(digest);
      if (digest === 'last') idle.resolve();
    },
  });
  const settled = async (): Promise<void> => {
    await idle.promise;
    idle = Promise.withResolvers();
  };
  return { uploads, uploaded, clock, settled, paths: gateway.paths };
}

test('a body that the server has no room for now is sent again, with those that wait behind it', async (t) => {
  const { uploads, uploaded, clock, settled, paths } = await openUploads(t, [204, 503, 503]);
  uploads.want('facts', ['first', 'second', 'last']);
  await settled();
  const early = [...uploaded];
  clock.advance(15_000);
  await settled();
  clock.advance(15_000);
  await settled();

  assert.deepEqual(early, ['first']);
  assert.deepEqual(uploaded, ['first', 'second', 'last']);
  assert.deepEqual(
    paths.map((path) => path.split('/').at(-1)),
    ['first', 'second', 'second', 'second', 'last'],
  );
});

test('a body that the server refuses is not sent again', async (t) => {
  const { uploads, uploaded, settled, paths } = await openUploads(t, [422]);
  uploads.want('facts', ['odd', 'last']);
  await settled();

  assert.deepEqual(uploaded, ['last']);
  assert.equal(paths.length, 2);
});
