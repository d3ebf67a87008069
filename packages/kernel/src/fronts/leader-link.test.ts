import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '@pilothouse/base';
import { until } from '@pilothouse/testkit';
import { silentLog } from '../log.ts';
import { LeaderLink } from './leader-link.ts';
import { wayTo } from './leader-way.ts';
import { Link, type LinkKind } from './link.ts';

const NOTE = JSON.stringify({ keyPem: 'k', chainPem: 'c', ticketKeys: '' });

/** A front's link to a leader that says what the test says. */
async function open(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-link-'));
  const path = join(directory, 'leader.sock');
  const heard: LinkKind[] = [];
  const began = Promise.withResolvers<Link>();
  const leader = createServer().on('upgrade', (_, socket) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: pilothouse-link\r\n\r\n',
    );
    began.resolve(new Link(socket, { message: ({ kind }) => heard.push(kind), closed: () => undefined }));
  });
  await once(leader.listen(path), 'listening');
  let keys = 0;
  const front = new LeaderLink({
    find: async () => wayTo({ kind: 'socket', path, term: 0 }),
    canMove: false,
    name: 'front-1',
    clock: systemClock,
    log: silentLog,
    keys: () => (keys += 1),
    message: () => undefined,
    opened: () => undefined,
    lost: () => undefined,
  });
  front.start();
  const link = await began.promise;
  t.after(() => {
    front.close();
    link.destroy();
    leader.close();
    rmSync(directory, { recursive: true });
  });
  return { front, link, heard, keys: () => keys };
}

test('a leader that leaves is handed nobody any more, also when its keys change meanwhile', async (t) => {
  const { front, link, heard, keys } = await open(t);
  link.send('keys', 0, NOTE);
  assert.notEqual(await front.ready(), null);

  link.send('leaving');
  link.send('keys', 0, NOTE);
  await until('the second keys', 5_000, async () => keys() >= 2);

  assert.deepEqual(heard, ['held']);
  assert.equal(front.hasLeader, false);
});
