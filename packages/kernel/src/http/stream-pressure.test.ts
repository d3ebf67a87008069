import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '@pilothouse/base';
import { commonErrors, defineRoute } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { silentLog } from '../log.ts';
import { createHttp } from './create-http.ts';
import { createMetrics } from './metrics.ts';
import { catalogueOf } from './problem-answer.ts';
import { endpoint, type StreamItem } from './service.ts';
import { encodeStream, HEARTBEAT_MS } from './stream-answer.ts';

const nobody = {
  actor: { kind: 'system', id: 'nobody', name: 'nobody' },
  has: () => false,
  scope: () => ({ isAll: false, isNone: true, includes: () => false }),
} as const;

const route = defineRoute({
  id: 'things.stream',
  method: 'GET',
  path: '/stream',
  summary: { en: 'test', zh: '测试' },
  access: { kind: 'public' },
  stream: 'application/x-ndjson',
  errors: [],
  example: {},
});

function serve(stream: (signal: AbortSignal) => AsyncIterable<StreamItem>) {
  return createHttp({
    clock: systemClock,
    log: silentLog,
    authenticator: { nobody, authenticate: async () => null },
    catalogue: catalogueOf([commonErrors]),
    idempotency: { run: (_, answer) => answer(), prune: async () => undefined },
    metrics: createMetrics(),
    isAnswerChecked: true,
    endpoints: [endpoint(route, async ({ signal }) => ({ stream: stream(signal) }))],
    tls: null,
  });
}

const open = (port: number): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/stream' }, resolve).on('error', reject);
  });

test('a reader that does not read holds its producer back, and one that goes ends it', async (t) => {
  const ended = Promise.withResolvers<void>();
  let made = 0;
  const http = serve(async function* () {
    try {
      for (;;) {
        made += 1;
        yield { data: 'x'.repeat(64 * 1024) };
      }
    } finally {
      ended.resolve();
    }
  });
  t.after(() => http.close());
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
  const answer = await open(port);

  // Paused from the start: only the buffers of the two sockets fill. Loopback moves bytes within a turn of the event
  // loop, so a producer that made nothing for many turns waits for its reader.
  for (let quietTurns = 0, before = -1; quietTurns < 200; before = made) {
    quietTurns = made === before ? quietTurns + 1 : 0;
    await setImmediate();
  }
  assert.ok(made < 1000, `${made} pieces of 64 KiB were made for a reader that takes none`);

  answer.destroy();
  await ended.promise;
});

test('closing the server ends open streams by their signal', async () => {
  const aborted = Promise.withResolvers<void>();
  const http = serve(async function* (signal) {
    yield { data: 1 };
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    aborted.resolve();
  });
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
  const answer = await open(port);
  answer.on('error', () => undefined);
  answer.resume();

  await http.close();
  await aborted.promise;
});

test('an event stream without events says that it is still there', async () => {
  const clock = fakeClock();
  const silent: AsyncIterable<StreamItem> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
  };
  const pieces = encodeStream('text/event-stream', { stream: silent }, clock)[Symbol.asyncIterator]();
  await pieces.next();

  const second = pieces.next();
  clock.advance(HEARTBEAT_MS);

  assert.deepEqual(await second, { done: false, value: ': still here\n\n' });
});
