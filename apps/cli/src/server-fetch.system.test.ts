import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import { connectServer, STREAM_SILENCE_MS_MAX } from './server-fetch.ts';

async function openSilent(type: string) {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': type });
    response.write(': connected\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server's address is an AddressInfo, a string only for pipes.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, server };
}

for (const type of ['text/event-stream; charset=utf-8', 'application/x-ndjson', 'application/json'])
  test(`an answer of ${type} in which nothing is said any more is broken off`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { url, server } = await openSilent(type);
    const connection = connectServer({ authority: null }, new AbortController().signal);
    const answer = await connection.fetch(url, { method: 'GET', headers: {} });
    const reading = answer.body?.[Symbol.asyncIterator]();
    assert.equal((await reading?.next())?.done, false);

    const next = reading?.next();
    await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(STREAM_SILENCE_MS_MAX);

    await assert.rejects(
      next ?? Promise.resolve(),
      (error) => isAppError(error) && error.code === 'CLIENT_UNREACHABLE',
    );
    connection.close();
    server.closeAllConnections();
    server.close();
  });
