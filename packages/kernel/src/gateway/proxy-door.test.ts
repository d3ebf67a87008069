import assert from 'node:assert/strict';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { enrolAt, openTestGateway, type TestGateway } from './test/open-test-gateway.ts';
import { proxyHeaderV2 } from './test/proxy-header-v2.ts';
import { connect } from './test/test-agent.ts';

/** A balancer on loopback that writes `pieces` at once but for the last, which goes with the client's first bytes. */
async function openBalancer(t: TestContext, gateway: TestGateway, pieces: readonly Buffer[]) {
  const server = createServer((client) => {
    const upstream = connectTcp({ port: gateway.port, host: '127.0.0.1', noDelay: true });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    upstream.pipe(client);
    for (const piece of pieces.slice(0, -1)) upstream.write(piece);
    client.once('data', (first) => {
      upstream.write(Buffer.concat([pieces.at(-1) ?? Buffer.alloc(0), first]));
      client.pipe(upstream);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  // A TCP server's address is an object; only pipes have a string.
  return { port: (server.address() as AddressInfo).port, ca: () => gateway.ca(), clock: gateway.clock };
}

const secretOf = async (gateway: TestGateway) => ({ secret: (await gateway.token()).secret });

test('a host behind a trusted balancer enrols and connects under its own address', async (t) => {
  const gateway = await openTestGateway({}, ['127.0.0.0/8']);
  t.after(() => gateway.close());
  const header = proxyHeaderV2('2001:db8::7', Buffer.alloc(20));
  const balancer = await openBalancer(t, gateway, [header.subarray(0, 5), header.subarray(5)]);

  const identity = await enrolAt(balancer, await secretOf(gateway));
  await connect(balancer, identity);

  assert.equal(gateway.hosts.index.get(identity.hostId)?.address, '2001:db8::7');
});

test('version 1 is understood, and a balancer that speaks for itself keeps its own address', async (t) => {
  const gateway = await openTestGateway({}, ['127.0.0.1']);
  t.after(() => gateway.close());
  const line = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 50000 7444\r\n');
  const balancer = await openBalancer(t, gateway, [line, Buffer.alloc(0)]);
  const itself = await openBalancer(t, gateway, [proxyHeaderV2(null)]);

  const identity = await enrolAt(balancer, await secretOf(gateway));
  await connect(balancer, identity);
  const before = gateway.hosts.index.get(identity.hostId)?.address;
  await connect(itself, identity);

  assert.equal(before, '192.0.2.7');
  assert.equal(gateway.hosts.index.get(identity.hostId)?.address, '127.0.0.1');
});

test('a trusted balancer must say whose connection it is, and nobody else may', async (t) => {
  const trusting = await openTestGateway({}, ['127.0.0.1']);
  const distrusting = await openTestGateway({}, ['192.0.2.1']);
  const off = await openTestGateway();
  t.after(() => Promise.all([trusting, distrusting, off].map((gateway) => gateway.close())));
  const header = proxyHeaderV2('192.0.2.7');
  const bare = { port: trusting.port, ca: () => trusting.ca() };
  const liar = await openBalancer(t, distrusting, [header]);
  const early = await openBalancer(t, off, [header]);

  await assert.rejects(enrolAt(bare, await secretOf(trusting)));
  await assert.rejects(enrolAt(liar, await secretOf(distrusting)));
  await assert.rejects(enrolAt(early, await secretOf(off)));
  const identity = await distrusting.enrol();
  await connect(distrusting, identity);

  assert.equal(distrusting.hosts.index.get(identity.hostId)?.address, '127.0.0.1');
});

test('a balancer that says nothing is not waited for', async (t) => {
  const gateway = await openTestGateway({}, ['127.0.0.1']);
  t.after(() => gateway.close());
  const socket = connectTcp({ port: gateway.port, host: '127.0.0.1' });
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write('PROXY ');
  const closed = new Promise((resolve) => socket.once('close', resolve));

  socket.resume();
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
  });
  // The connection reaches the server in some later turn of the loop; its deadline counts from there.
  while (!isClosed) {
    gateway.clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
});
