import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { LINK_KINDS, Link, type LinkMessage } from './link.ts';

const nobody = { message: () => undefined, closed: () => undefined };

test('what was sent arrives in its order, however the bytes are cut', async () => {
  const message = fc.record({
    kind: fc.constantFrom(...LINK_KINDS),
    session: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    text: fc.string({ maxLength: 200, unit: 'binary' }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
      async (sent, cuts) => {
        const outgoing = new PassThrough();
        const sender = new Link(outgoing, nobody);
        const written: Buffer[] = [];
        outgoing.on('data', (chunk: Buffer) => written.push(chunk));
        for (const { kind, session, text } of sent) sender.send(kind, session, text);
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
        const bytes = Buffer.concat(written);

        const incoming = new PassThrough();
        const received: LinkMessage[] = [];
        new Link(incoming, { message: (each) => received.push(each), closed: () => undefined });
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          incoming.emit('data', bytes.subarray(at, at + size));
          at += size;
        }

        assert.deepEqual(
          received.map(({ kind, session, payload }) => ({ kind, session, text: payload.toString('utf8') })),
          sent.map((each) => ({ ...each, text: Buffer.from(each.text).toString('utf8') })),
        );
      },
    ),
    { numRuns: 100 },
  );
});

test('bytes that are no message end the link', async () => {
  for (const head of [
    [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 200, 0, 0, 0, 0],
  ]) {
    const socket = new PassThrough();
    const closed = new Promise<void>((resolve) => {
      new Link(socket, { message: () => assert.fail('a message'), closed: resolve });
    });

    socket.emit('data', Buffer.from(head));

    await closed;
  }
});
