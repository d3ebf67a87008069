import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { askGateway } from './ask-gateway.ts';

test('an answer that comes a byte at a time is not waited for', { timeout: 20_000 }, async (t) => {
  let bytes = 0;
  const server = createServer((_, response) => {
    const more = setInterval(() => {
      bytes += 1;
      response.write('x');
    }, 10);
    response.on('close', () => clearInterval(more));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  // Whoever reads and writes it sees no difference.
  const dialler = { dial: async () => connect(port, '127.0.0.1') as unknown as TLSSocket, forget() {} };
  const url = new URL(`https://127.0.0.1:${port}`);

  const asked = askGateway(dialler, { url, trust: { authorities: null } }, { method: 'GET', path: '/trust' });
  const refused = assert.rejects(asked, /no answer in time/);
  while (bytes < 3) await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(60_000);

  await refused;
});
