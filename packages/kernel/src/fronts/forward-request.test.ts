import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createForwarder } from './forward-request.ts';
import type { Leader } from './leader-link.ts';
import { FRONT_LIMITS } from './limits.ts';
import { Link } from './link.ts';
import { NOT_TAKEN_HEADER } from './request-head.ts';

type Lead = (request: IncomingMessage, response: ServerResponse) => void;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A front before a leader that a test writes: each request is dealt with by the next of `leaders`, the last by all others. */
async function open(t: TestContext, ...leaders: readonly Lead[]) {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-forward-'));
  const path = join(directory, 'leader.sock');
  const seen: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  const deal = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const lead = leaders[seen.length] ?? leaders.at(-1);
    seen.push({ headers: asked.headers, body: await text(asked) });
    lead?.(asked, response);
  };
  const leader = createServer((asked, response) => void deal(asked, response));
  await once(leader.listen(path), 'listening');
  const agent = new Agent({ keepAlive: true });
  const link = new Link(new Duplex({ read: () => undefined, write: (_, __, done) => done() }), {
    message: () => undefined,
    closed: () => undefined,
  });
  const found: { leader: Leader | null; now: number } = {
    now: 0,
    leader: { link, agent, ask: (options) => request({ ...options, socketPath: path }) },
  };
  const forwarder = createForwarder({
    leader: {
      ready: async () => found.leader,
      get hasLeader() {
        return found.leader !== null;
      },
    },
    refuse: ({ response }, refusal) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(503).end(refusal.code);
    },
    monotonic: () => {
      found.now += 1_000;
      return found.now;
    },
  });
  const peer = { address: '192.0.2.7', certificate: null };
  const front = createServer((asked, response) => {
    void forwarder.forward({ request: asked, response, peer, door: 'api' });
  });
  await once(front.listen(0, '127.0.0.1'), 'listening');
  t.after(async () => {
    agent.destroy();
    await Promise.all([ended(front), ended(leader)]);
    rmSync(directory, { recursive: true });
  });
  // A TCP server's address is an object.
  const { port } = front.address() as AddressInfo;
  return { port, seen, forwarder, found, ask: (what: Wish) => ask(port, what) };
}

const ended = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

interface Wish {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The answer has begun. */
  readonly begun?: () => void;
}

function ask(
  port: number,
  { method = 'GET', path = '/x', headers = {}, body = '', begun }: Wish,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const asked = request(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent: false },
      (response) => {
        begun?.();
        text(response).then((said) => resolve({ status: response.statusCode ?? 0, text: said }), reject);
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

const dies: Lead = (asked) => asked.socket.destroy();
const answers: Lead = (_, response) => response.writeHead(200).end('done');
const known = { authorization: 'Bearer t', 'idempotency-key': 'k1' };

test('what reads is sent to the next leader when the first one dies over it', async (t) => {
  const { ask, seen } = await open(t, dies, answers);

  assert.deepEqual(await ask({}), { status: 200, text: 'done' });
  assert.equal(seen.length, 2);
});

test('what ends every leader that it is sent to is not sent to all that come', async (t) => {
  const world = await open(t, (asked) => {
    const { leader } = world.found;
    world.found.leader = leader === null ? null : { ...leader };
    asked.socket.destroy();
  });

  assert.equal((await world.ask({})).text, 'FRONT_OUTCOME_UNKNOWN');
  assert.equal(world.seen.length, 1 + FRONT_LIMITS.requestRepeatsMax);
});

test('connections that were kept to a leader that died count as one leader, however many they were', async (t) => {
  const { ask, seen } = await open(t, ...Array.from({ length: 8 }, () => dies), answers);

  assert.equal((await ask({})).text, 'done');
  assert.equal(seen.length, 9);
});

test('what a leader that leaves did not take is sent to the next, also when it is a write that nobody knows again', async (t) => {
  const leaves: Lead = (_, response) => response.writeHead(503, { [NOT_TAKEN_HEADER]: '1' }).end();
  const { ask, seen } = await open(t, leaves, answers);

  assert.deepEqual(await ask({ method: 'POST', body: 'hello' }), { status: 200, text: 'done' });
  assert.deepEqual(
    seen.map(({ body }) => body),
    ['hello', 'hello'],
  );
});

test('a leader that is there and gives no answer is not tried for ever', async (t) => {
  const leaves: Lead = (_, response) => response.writeHead(503, { [NOT_TAKEN_HEADER]: '1' }).end();
  for (const [lead, code] of [
    [leaves, 'FRONT_LEADER_AWAY'],
    [dies, 'FRONT_OUTCOME_UNKNOWN'],
  ] as const) {
    const world = await open(t, (...asked) => {
      world.found.now += FRONT_LIMITS.leaderWaitMs / 2;
      lead(...asked);
    });
    assert.equal((await world.ask({})).text, code);
    assert.equal(world.seen.length, 3);
  }
});

test('a write is sent again only if the leader knows it again, with the same body', async (t) => {
  const { ask, seen } = await open(t, dies, answers, dies, answers);

  const repeated = await ask({ method: 'POST', headers: known, body: 'hello' });
  const unknown = await ask({ method: 'POST', headers: { authorization: 'Bearer t' }, body: 'hello' });
  await ask({});
  const ofNobody = await open(t, dies, answers);
  const stranger = await ofNobody.ask({ method: 'POST', headers: { 'idempotency-key': 'k1' } });

  assert.equal(repeated.text, 'done');
  assert.deepEqual(
    seen.slice(0, 2).map(({ body }) => body),
    ['hello', 'hello'],
  );
  assert.deepEqual([unknown.text, stranger.text], ['FRONT_OUTCOME_UNKNOWN', 'FRONT_OUTCOME_UNKNOWN']);
});

test('a body too large to be kept is handed on whole, and once', async (t) => {
  const { ask, seen } = await open(t, answers, dies, answers);
  const body = 'x'.repeat(FRONT_LIMITS.keptBodyBytesMax + 1);

  const passed = await ask({ method: 'PUT', headers: known, body });
  const lost = await ask({ method: 'PUT', headers: known, body });

  assert.equal(passed.text, 'done');
  assert.deepEqual(
    seen.map((each) => each.body.length),
    [body.length, body.length],
  );
  assert.equal(lost.text, 'FRONT_OUTCOME_UNKNOWN');
});

test('an answer that breaks in its middle breaks for whoever reads it, and is not begun anew', async (t) => {
  const { ask, seen } = await open(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
    response.flushHeaders();
    setImmediate(() => response.destroy());
  });

  await assert.rejects(ask({}));
  assert.equal(seen.length, 1);
});

test('nobody outside can say who they are, and the leader hears where they came from', async (t) => {
  const { ask, seen } = await open(t, answers);

  await ask({
    headers: {
      'X-Forwarded-For': '10.0.0.1',
      'x-pilothouse-door': 'agents',
      'x-Pilothouse-Certificate': 'AAAA',
    },
  });

  const headers = seen[0]?.headers ?? {};
  assert.equal(headers['x-forwarded-for'], '192.0.2.7');
  assert.equal(headers['x-pilothouse-door'], 'api');
  assert.equal(headers['x-pilothouse-certificate'], undefined);
});

test('a request without a host, as HTTP/1.0 has it, is answered', async (t) => {
  const { port, seen } = await open(t, answers);
  const balancer = connect(port, '127.0.0.1');

  balancer.write('GET /readyz HTTP/1.0\r\n\r\n');

  assert.match(await text(balancer), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ndone$/);
  assert.equal(seen.length, 1);
});

test('without a leader the front lives and is not ready', async (t) => {
  const { ask, found } = await open(t, answers);
  found.leader = null;

  assert.deepEqual(await ask({ path: '/healthz' }), { status: 200, text: '{"status":"ok"}' });
  assert.equal((await ask({ path: '/readyz' })).text, 'FRONT_LEADER_AWAY');
  assert.equal((await ask({})).text, 'FRONT_LEADER_AWAY');
});

test('streams end when the front leaves; other answers are given to their end', async (t) => {
  let finish = (): void => undefined;
  const { ask, forwarder } = await open(
    t,
    (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    },
    (_, response) => {
      response.write('begun ');
      finish = () => response.end('and ended');
    },
  );
  const leave = (): void => forwarder.endStreams();

  const stream = await ask({ begun: leave });
  const answer = await ask({
    begun: () => {
      leave();
      finish();
    },
  });

  assert.deepEqual([stream.text, answer.text], ['data: 1\n\n', 'begun and ended']);
});
