import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { silentLog } from '../log.ts';
import { createLeaderDoor } from './leader-door.ts';
import { LINK_PATH, LINK_PROTOCOL } from './leader-link.ts';
import { FRONT_LIMITS } from './limits.ts';
import { NOT_TAKEN_HEADER } from './request-head.ts';

async function open(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-door-'));
  const path = join(directory, 'leader.sock');
  const clock = fakeClock();
  const door = createLeaderDoor({
    clock,
    log: silentLog,
    agents: {
      arrived: () => undefined,
      asked: () => undefined,
      keys: () => ({ keyPem: '', chainPem: '', ticketKeys: Buffer.alloc(0) }),
      onKeys: () => undefined,
    },
    api: (_, response) => response.end('answered'),
  });
  await door.listen(path);
  t.after(() => rmSync(directory, { recursive: true }));
  return { door, clock, path };
}

async function ask(socketPath: string): Promise<IncomingMessage> {
  const asked = request({ socketPath, path: '/api/v1/hosts', agent: false }).end();
  const [answer] = await once(asked, 'response');
  return answer;
}

test('a front that hears nothing any more does not keep a leader from its end', {
  timeout: 5_000,
}, async (t) => {
  const { door, clock, path } = await open(t);
  // Its own end stays open when the leader's closes, as that of a process that was stopped.
  const front = connect({ path, allowHalfOpen: true });
  t.after(() => front.destroy());
  front.write(
    `GET ${LINK_PATH} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: ${LINK_PROTOCOL}\r\n\r\n`,
  );
  await once(front, 'data');

  const closing = door.close();
  clock.advance(FRONT_LIMITS.heldDeadlineMs);

  await closing;
});

test('a request that comes after everybody was told to hold is not begun, and says so', async (t) => {
  const { door, path } = await open(t);
  const before = await ask(path);
  await door.leave();
  const late = await ask(path);
  t.after(() => door.close());

  assert.deepEqual([before.statusCode, await text(before)], [200, 'answered']);
  assert.equal(late.statusCode, 503);
  assert.equal(late.headers[NOT_TAKEN_HEADER], '1');
  late.resume();
});
