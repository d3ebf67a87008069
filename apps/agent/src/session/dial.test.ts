import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { issueServer, newAuthority } from '../../test/test-authority.ts';
import { createDialler } from './dial.ts';

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  // listen() on an address gives an address.
  return (server.address() as AddressInfo).port;
}

test('a connection that breaks before anybody uses it ends itself and not the agent', async (t) => {
  const authority = await newAuthority();
  const gateway = await listen(
    t,
    createTlsServer({ ...(await issueServer(authority)), minVersion: 'TLSv1.3' }),
  );
  const between: Socket[] = [];
  const relay = createServer((socket) => {
    between.push(socket);
    const onwards = connect(gateway, '127.0.0.1');
    socket.pipe(onwards).pipe(socket);
    for (const each of [socket, onwards]) each.on('error', () => undefined);
    socket.on('close', () => onwards.destroy());
  });
  const url = new URL(`https://127.0.0.1:${await listen(t, relay)}`);

  const socket = await createDialler({ proxy: null }).dial(url, { authorities: [authority.pem] });
  t.after(() => {
    for (const each of [socket, ...between]) each.destroy();
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  between[0]?.write('no record of TLS');

  await closed;
});
