/** Against a real SMTP server on the loopback. */
import 'reflect-metadata/lite';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { notificationsRoutes } from '@pilothouse/contract';
import { SMTPServer } from 'smtp-server';
import { call, deliveries, openTestNotifications, putChannel, tell } from './open-test-notifications.ts';

async function ownCertificate(name: string) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      new x509.BasicConstraintsExtension(true),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}

async function openMailServer(t: TestContext) {
  const mails: { from: string; to: string[]; text: string; isSecure: boolean; user: unknown }[] = [];
  const tls = await ownCertificate('localhost');
  const server = new SMTPServer({
    ...tls,
    authMethods: ['PLAIN'],
    onAuth({ username, password }, _session, done) {
      if (username === 'pilot' && password === 'house-password') done(null, { user: username });
      else done(new Error('wrong password'));
    },
    onRcptTo({ address }, _session, done) {
      done(address.startsWith('nobody') ? new Error('no such mailbox') : null);
    },
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (chunk) => (text += chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        mails.push({
          from,
          to: rcptTo.map(({ address }) => address),
          text,
          isSecure: session.secure,
          user: session.user,
        });
        done();
      });
    },
    // The client gives up on purpose in some tests.
    logger: false,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => server.close(resolve)));
  // A server that listens on a port has an address of this kind.
  return { mails, port: (server.server.address() as AddressInfo).port, caPem: tls.cert };
}

test('e-mail goes over TLS, with a password, to every receiver', async (t) => {
  const server = await openMailServer(t);
  const it = await openTestNotifications(t);
  const settings = {
    kind: 'email',
    host: 'localhost',
    port: server.port,
    from: 'pilothouse@example.com',
    to: ['ops@example.com', 'on-call@example.com'],
    user: 'pilot',
    password: 'house-password',
    caPem: server.caPem,
  };
  const made = await putChannel(it.room, settings);

  await tell(it);
  await it.room.idle();

  const [mail] = server.mails;
  assert.ok(mail !== undefined, JSON.stringify(await deliveries(it.room)));
  assert.deepEqual(
    { ...mail, text: '' },
    { from: 'pilothouse@example.com', to: settings.to, text: '', isSecure: true, user: 'pilot' },
  );
  assert.match(mail.text, /Subject: rollout r_1 halted/);
  assert.match(mail.text, /two hosts failed/);
  assert.deepEqual(
    { kind: made.kind, address: made.address, to: made.to, hasSecret: made.hasSecret },
    { kind: 'email', address: `localhost:${server.port}`, to: settings.to, hasSecret: true },
  );
});

test('e-mail is not sent in the clear, to a server of another name, or past a wrong password; the channel says why', async (t) => {
  const server = await openMailServer(t);
  const it = await openTestNotifications(t);
  const settings = {
    kind: 'email',
    host: 'localhost',
    port: server.port,
    from: 'pilothouse@example.com',
    to: ['ops@example.com'],
    user: 'pilot',
    password: 'house-password',
    caPem: server.caPem,
    timeoutMs: 2000,
  };
  let etag: string | undefined;
  const problemWith = async (change: object) => {
    etag = (await putChannel(it.room, { ...settings, ...change }, etag)).etag;
    const { isDelivered, error } = await call(it.room, notificationsRoutes.test, {
      params: { name: 'on-call' },
    });
    assert.equal(isDelivered, false);
    return String(error);
  };

  assert.match(await problemWith({ caPem: null }), /self-signed certificate/);
  assert.match(await problemWith({ host: '127.0.0.1' }), /does not match|altnames/i);
  assert.match(await problemWith({ password: 'another' }), /wrong password|Invalid login/i);
  assert.match(await problemWith({ to: ['nobody@example.com'] }), /no such mailbox/);
  assert.match(await problemWith({ to: ['ops@example.com', 'nobody@example.com'] }), /1 of 2 receivers/);
  assert.match(await problemWith({ port: 9 }), /ECONNREFUSED/);
  assert.ok(server.mails.every(({ isSecure }) => isSecure));
});

test('a password is not sent to a server that it was not given for', async (t) => {
  const server = await openMailServer(t);
  const it = await openTestNotifications(t);
  const settings = {
    kind: 'email',
    host: 'localhost',
    port: server.port,
    from: 'pilothouse@example.com',
    to: ['ops@example.com'],
    user: 'pilot',
    caPem: server.caPem,
  };
  const { etag } = await putChannel(it.room, { ...settings, password: 'house-password' });

  for (const change of [{ host: 'smtp.evil.example' }, { port: server.port + 1 }, { tls: 'none' }])
    await assert.rejects(putChannel(it.room, { ...settings, ...change }, etag), {
      code: 'INVALID_REQUEST',
      details: {
        where: 'body.password',
        problem: {
          en: 'give it again: it was given for another server or way',
          zh: '请重新提供：原密码用于其他服务器或连接方式',
        },
      },
    });
  const kept = await putChannel(it.room, { ...settings, to: ['on-call@example.com'] }, etag);
  const without = await putChannel(it.room, { ...settings, host: '127.0.0.1', password: null }, kept.etag);

  assert.deepEqual([kept.hasSecret, without.hasSecret], [true, false]);
});
