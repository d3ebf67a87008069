import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { askGateway } from '../src/session/ask-gateway.ts';
import { createDialler } from '../src/session/dial.ts';
import { openScriptedGateway, type ScriptedGateway } from './scripted-gateway.ts';

let gateway: ScriptedGateway;
const asked: string[] = [];
const proxy = createServer();
proxy.on('connect', (request, socket) => {
  asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
  if (request.headers['proxy-authorization'] === undefined) {
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    return;
  }
  const url = new URL(`http://${request.url}`);
  const upstream = connect(Number(url.port), url.hostname, () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.pipe(socket).pipe(upstream);
  });
  for (const end of [upstream, socket]) end.on('error', () => upstream.destroy());
});
before(async () => {
  gateway = await openScriptedGateway();
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await gateway.close();
});

const proxyUrl = (credentials: string): URL =>
  // listen() on an address gives an address.
  new URL(`http://${credentials}127.0.0.1:${(proxy.address() as AddressInfo).port}`);
const trustAnswer = (credentials: string) =>
  askGateway(
    createDialler({ proxy: proxyUrl(credentials) }),
    { url: new URL(gateway.url), trust: { authorities: [gateway.authority.pem] } },
    { method: 'GET', path: '/agent/v1/trust?after=1' },
  );

test('reaches the gateway through a proxy, with TLS from end to end', async () => {
  const answer = await trustAnswer('ada:s%20cret@');

  assert.deepEqual(JSON.parse(answer.text), { bundles: [] });
  const basic = Buffer.from('ada:s cret').toString('base64');
  assert.deepEqual(asked, [`${new URL(gateway.url).host} Basic ${basic}`]);
});

test('says what a proxy that refuses has answered', async () => {
  await assert.rejects(trustAnswer(''), { code: 'EPROXY', message: /407/ });
});
