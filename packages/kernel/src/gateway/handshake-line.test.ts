import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { openHandshakeLine } from './handshake-line.ts';

/** A server that hears of connections and begins no handshakes by itself. */
function open(handshakesWaitingMax = 10) {
  const clock = fakeClock();
  const server = createServer();
  const begun: (number | undefined)[] = [];
  server.removeAllListeners('connection');
  server.on('connection', ({ remotePort }: Socket) => void begun.push(remotePort));
  openHandshakeLine(server, { handshakesWaitingMax, handshakeDeadlineMs: 10_000 }, clock);
  return {
    clock,
    begun,
    come(port: number): Socket {
      const socket = new Socket();
      Object.defineProperty(socket, 'remotePort', { value: port });
      server.emit('connection', socket);
      return socket;
    },
    speak: (...sockets: Socket[]) => {
      for (const socket of sockets) socket.emit('readable');
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));

test('one handshake begins in each turn of the event loop, in the order they spoke', async () => {
  const world = open();
  const [first, second, third] = [world.come(1), world.come(2), world.come(3)];
  world.speak(third, first, second);

  assert.deepEqual(world.begun, []);
  await turn();
  assert.deepEqual(world.begun, [3]);
  await turn();
  assert.deepEqual(world.begun, [3, 1]);
  await turn();
  assert.deepEqual(world.begun, [3, 1, 2]);
});

test('who comes to a line that was empty begins in the next turn', async () => {
  const world = open();
  world.speak(world.come(1));
  await turn();
  world.speak(world.come(2));
  await turn();

  assert.deepEqual(world.begun, [1, 2]);
});

test('who says nothing holds nobody up, and is cut at its deadline', async () => {
  const world = open();
  const silent = world.come(1);
  const late = world.come(2);
  world.speak(world.come(3));
  await turn();
  assert.deepEqual(world.begun, [3]);

  world.clock.advance(9_999);
  world.speak(late);
  world.clock.advance(1);
  await turn();

  assert.deepEqual([silent.destroyed, late.destroyed], [true, false]);
  assert.deepEqual(world.begun, [3, 2]);
});

test('who leaves the line, by an error or otherwise, is not begun', async () => {
  const world = open();
  const [first, second, third] = [world.come(1), world.come(2), world.come(3)];
  world.speak(first, second, third);

  first.destroy(new Error('reset by its peer'));
  second.destroy();
  await Promise.all([closed(first), closed(second)]);
  for (let n = 0; n < 3; n++) await turn();

  assert.deepEqual(world.begun, [3]);
});

test('who finds the line full is cut, and nobody else', () => {
  const world = open(2);
  const sockets = [1, 2, 3].map((port) => world.come(port));
  world.speak(...sockets);

  assert.deepEqual(
    sockets.map(({ destroyed }) => destroyed),
    [false, false, true],
  );
});
