import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { CarriedSocket } from './carried-socket.ts';
import { FRONT_LIMITS } from './limits.ts';
import { Link } from './link.ts';

/** A link that takes everything and says nothing. */
const silentLink = (): Link =>
  new Link(new Duplex({ read: () => undefined, write: (_, __, done) => done() }), {
    message: () => undefined,
    closed: () => undefined,
  });

const frame = (text: string) => ({ event: 'message', data: Buffer.from(text), isBinary: false }) as const;

test('frames that come before anybody listens are heard by whoever does, in their order', async () => {
  const socket = new CarriedSocket(silentLink(), 1);
  const heard: string[] = [];
  socket.heard(frame('hello'));
  socket.heard(frame('facts'));

  socket.on('message', (data: Buffer) => heard.push(data.toString()));
  socket.heard(frame('heartbeat'));
  await Promise.resolve();

  assert.deepEqual(heard, ['hello', 'facts', 'heartbeat']);
});

test('a peer that says too much before anybody listens is cut off', () => {
  const socket = new CarriedSocket(silentLink(), 1);

  for (let said = 0; said <= FRONT_LIMITS.unheardFramesMax; said++) socket.heard(frame('again'));

  assert.notEqual(socket.readyState, socket.OPEN);
});

test('what the agent has not taken yet counts as waiting until the front says that it has', () => {
  const socket = new CarriedSocket(silentLink(), 1);

  socket.send('12345');
  socket.send('678');
  assert.equal(socket.bufferedAmount, 8);
  socket.taken(5);
  assert.equal(socket.bufferedAmount, 3);
});

test('its end is told once, and nothing is heard after it', () => {
  const socket = new CarriedSocket(silentLink(), 1);
  let ends = 0;
  socket.on('close', () => ends++);
  socket.on('message', () => assert.fail('heard after the end'));

  socket.ended();
  socket.ended();
  socket.heard(frame('late'));

  assert.equal(ends, 1);
});
