/** Askers who have gone before their answer begins: nothing is kept of them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { commonErrors, defineRoute } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import type { Principal } from '../access/service.ts';
import { silentLog } from '../log.ts';
import type { Authenticator } from './authenticator.ts';
import { createHttp } from './create-http.ts';
import { createMetrics } from './metrics.ts';
import { base, signedIn } from './open-test-http.ts';
import { catalogueOf } from './problem-answer.ts';
import { endpoint } from './service.ts';

const ada: Principal = {
  actor: { kind: 'user', id: 'u_ada', name: 'ada' },
  has: () => true,
  scope: () => ({ isAll: true, isNone: false, includes: () => true }),
};
const stream = defineRoute({
  ...base,
  id: 'things.follow',
  method: 'GET',
  path: '/follow',
  access: signedIn,
  stream: 'text/event-stream',
});

async function* endless(signal: AbortSignal): AsyncGenerator<{ data: string }> {
  yield { data: 'a' };
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** A server that says when the connection of its first asker has gone. */
async function serve(t: TestContext, authenticate: Authenticator['authenticate']) {
  const clock = fakeClock();
  const handled = Promise.withResolvers<boolean>();
  const http = createHttp({
    clock,
    log: silentLog,
    authenticator: { nobody: ada, authenticate },
    catalogue: catalogueOf([commonErrors]),
    idempotency: { run: (_, answer) => answer(), prune: async () => undefined },
    metrics: createMetrics(),
    isAnswerChecked: true,
    endpoints: [
      endpoint(stream, async ({ signal }) => {
        handled.resolve(signal.aborted);
        return { stream: endless(signal) };
      }),
    ],
    tls: null,
  });
  const answer = await http.carried();
  const gone = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    response.once('close', gone.resolve);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    await http.close();
    server.closeAllConnections();
    server.close();
  });
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return { clock, port, handled: handled.promise, gone: gone.promise };
}

test('who leaves while their credentials are looked up holds no place, and no stream of theirs is watched', async (t) => {
  const asked = Promise.withResolvers<void>();
  const found = Promise.withResolvers<void>();
  let lookups = 0;
  const { clock, port, handled, gone } = await serve(t, async () => {
    lookups += 1;
    asked.resolve();
    await found.promise;
    return { principal: ada, by: 'token' };
  });
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /follow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\n\r\n');
  await asked.promise;

  socket.destroy();
  await gone;
  found.resolve();

  assert.equal(await handled, true);
  await setImmediate();
  clock.advance(300_000);
  assert.equal(lookups, 1);
});
