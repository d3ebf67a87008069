import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { openHandshakeLine } from './handshake-line.ts';

/** A server that hears of connections and begins no handshakes by itself. */
function open(limits: { handshakesAtOnceMax: number; handshakesWaitingMax: number }) {
  const clock = fakeClock();
  const server = createServer();
  const begun: (number | undefined)[] = [];
  server.removeAllListeners('connection');
  server.on('connection', ({ remotePort }: Socket) => void begun.push(remotePort));
  openHandshakeLine(server, limits, clock);
  return {
    clock,
    begun,
    come(port: number, says = 'hello'): Socket {
      const socket = new Socket();
      if (says !== '') socket.push(says);
      Object.defineProperty(socket, 'remotePort', { value: port });
      server.emit('connection', socket);
      return socket;
    },
    finish: (socket: Socket) => server.emit('secureConnection', socket),
  };
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));

test('so many handshakes are under way at once, and the others begin in the order they came', () => {
  const world = open({ handshakesAtOnceMax: 2, handshakesWaitingMax: 10 });
  const [first, second] = [1, 2, 3, 4, 5].map((port) => world.come(port));
  assert.deepEqual(world.begun, [1, 2]);

  if (second !== undefined) world.finish(second);
  assert.deepEqual(world.begun, [1, 2, 3]);
  if (first !== undefined) world.finish(first);
  assert.deepEqual(world.begun, [1, 2, 3, 4]);
});

test('a peer that says nothing delays the others for a tenth of a second', () => {
  const world = open({ handshakesAtOnceMax: 1, handshakesWaitingMax: 10 });
  world.come(1);
  world.come(2);

  world.clock.advance(99);
  assert.deepEqual(world.begun, [1]);
  world.clock.advance(1);
  assert.deepEqual(world.begun, [1, 2]);
});

test('who has said nothing by its turn takes no place, and holds nobody up', () => {
  const world = open({ handshakesAtOnceMax: 1, handshakesWaitingMax: 10 });
  const first = world.come(1);
  for (const port of [2, 3, 4]) world.come(port, '');
  world.come(5);
  world.come(6);

  world.finish(first);

  assert.deepEqual(world.begun, [1, 2, 3, 4, 5]);
});

test('one that leaves gives its place up, under way or in the line', async () => {
  const world = open({ handshakesAtOnceMax: 1, handshakesWaitingMax: 10 });
  const [first, second] = [1, 2, 3].map((port) => world.come(port));
  assert.ok(first !== undefined && second !== undefined);

  second.destroy(new Error('reset by its peer'));
  await closed(second);
  first.destroy();
  await closed(first);

  assert.deepEqual(world.begun, [1, 3]);
});

test('who finds the line full is cut, and nobody else', () => {
  const world = open({ handshakesAtOnceMax: 1, handshakesWaitingMax: 1 });
  const sockets = [1, 2, 3].map((port) => world.come(port));

  assert.deepEqual(
    sockets.map(({ destroyed }) => destroyed),
    [false, false, true],
  );
});
