import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { Arrival } from '../gateway/index.ts';
import { type ArrivalNote, CarriedSessions } from './carried-sessions.ts';
import { LINK_KINDS, Link, type LinkKind } from './link.ts';

/** A link and what was said on it, one chunk a message without a payload. */
function openLink() {
  const said: (LinkKind | undefined)[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _, done) {
      said.push(LINK_KINDS[chunk.readUInt8(4)]);
      done();
    },
  });
  return { link: new Link(stream, { message: () => undefined, closed: () => undefined }), said };
}

test('an agent that is turned away after its connection was opened is ended, and its end is heard', async () => {
  const { link, said } = openLink();
  const arrivals: Arrival[] = [];
  const sessions = new CarriedSessions(link, (arrival) => arrivals.push(arrival));
  const hear = (kind: LinkKind, payload = ''): void =>
    sessions.receive({ kind, session: 1, payload: Buffer.from(payload) });
  const note: ArrivalNote = { path: '/', address: '192.0.2.1', certificate: null };
  hear('arrive', JSON.stringify(note));
  const opened = arrivals[0]?.accept();
  hear('opened');
  const socket = await opened;
  let ends = 0;
  socket?.on('close', () => {
    ends += 1;
  });

  // As when the store falls away between its hello and its welcome.
  arrivals[0]?.refuse('HTTP/1.1 503');
  await new Promise((resolve) => setImmediate(resolve));
  hear('closed');

  assert.deepEqual(said, ['accept', 'cut']);
  assert.equal(ends, 1);
  assert.equal(sessions.count, 0);
});
