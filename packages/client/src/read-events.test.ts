import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectAll } from './collect-all.ts';
import { readEvents } from './read-events.ts';

const read = (text: string) =>
  collectAll(
    readEvents(
      (async function* () {
        yield Buffer.from(text);
      })(),
    ),
  );

test('reads events with names, ids and data of several lines', async () => {
  const events = await read('id: 7\nevent: task\ndata: {"a":\ndata: 1}\n\ndata: plain\n\n');

  assert.deepEqual(events, [
    { event: 'task', id: '7', data: '{"a":\n1}' },
    { event: 'message', id: '7', data: 'plain' },
  ]);
});

test('leaves out heartbeats, events without data and one that was cut off', async () => {
  const events = await read(': beat\n\nevent: empty\n\nunknown: x\ndata: whole\n\ndata: cut');

  assert.deepEqual(
    events.map((event) => event.data),
    ['whole'],
  );
});
