import assert from 'node:assert/strict';
import type { AddressInfo, Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import {
  type Authority,
  issuePeerCertificate,
  issueServerCertificate,
  newAuthority,
  newKeyPair,
  privateKeyPem,
} from '../enrolment/issue-certificate.ts';
import { PEER_NAME, type PeerCredentials } from '../machines/service.ts';
import { createFarDoor } from './far-door.ts';
import { wayTo } from './leader-way.ts';

const NOW = Date.now();

async function machineOf(authority: Authority): Promise<PeerCredentials> {
  const issued = await issuePeerCertificate(authority, PEER_NAME, NOW);
  return { ...issued, authorityPems: [authority.pem] };
}

async function openDoor(t: TestContext) {
  const { authority } = await newAuthority(NOW);
  const opened = Promise.withResolvers<Server>();
  const door = createFarDoor(await machineOf(authority), (server) => {
    server.on('request', (_, response) => response.end('welcome'));
    opened.resolve(server);
  });
  await door.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => door.close());
  // It listens, so its address is an object.
  const { port } = (await opened.promise).address() as AddressInfo;
  return { authority, door, address: { host: '127.0.0.1', port } };
}

/** The text of the answer, or the code of why there was none. */
function ask(address: { host: string; port: number }, credentials: PeerCredentials): Promise<string> {
  return new Promise((resolve) => {
    const asked = wayTo({ kind: 'peer', address, credentials, term: 1 }).ask({ path: '/', agent: false });
    asked.once('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message));
    asked.once('response', (response) => {
      response.setEncoding('utf8').on('data', resolve);
    });
    asked.end();
  });
}

test('machines of one installation let each other in', async (t) => {
  const { authority, address } = await openDoor(t);

  assert.equal(await ask(address, await machineOf(authority)), 'welcome');
});

test('nobody gets an answer without a certificate, with one of another authority, or with one that names no machine', async (t) => {
  const { authority, address } = await openDoor(t);
  const stranger = await newAuthority(NOW);
  const foreign = await machineOf(stranger.authority);
  const { publicKey, privateKey } = await newKeyPair();
  const listener = await issueServerCertificate(authority, { names: ['localhost'], publicKey }, NOW);
  const ofListener = {
    keyPem: await privateKeyPem(privateKey),
    certificatePem: listener.pem,
    authorityPems: [authority.pem],
    notAfter: listener.notAfter,
  };
  const silent = new Promise<string>((resolve) => {
    const context = { ...address, servername: PEER_NAME, ca: authority.pem };
    const socket = connect(context, () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    socket.once('data', (data) => resolve(data.toString()));
    socket.once('error', (error: Error & { code?: string }) => resolve(error.code ?? ''));
    socket.once('close', () => resolve('closed'));
  });

  const answers = [
    await silent,
    await ask(address, { ...foreign, authorityPems: [authority.pem] }),
    await ask(address, ofListener),
  ];

  assert.deepEqual(
    answers.filter((answer) => answer.includes('welcome')),
    [],
    answers.join(', '),
  );
});

test('a front believes no leader whose certificate is of another authority, or names no machine', async (t) => {
  const { authority, address, door } = await openDoor(t);
  const stranger = await newAuthority(NOW);
  const mine = await machineOf(authority);

  const ofAnother = await ask(address, { ...mine, authorityPems: [stranger.authority.pem] });
  const { publicKey, privateKey } = await newKeyPair();
  const listener = await issueServerCertificate(authority, { names: ['localhost'], publicKey }, NOW);
  door.setCredentials({ ...mine, keyPem: await privateKeyPem(privateKey), certificatePem: listener.pem });
  const ofListener = await ask(address, mine);

  assert.notEqual(ofAnother, 'welcome');
  assert.equal(ofListener, 'ERR_TLS_CERT_ALTNAME_INVALID');
});
