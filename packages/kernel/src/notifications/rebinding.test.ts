import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import { createAddressGuard } from './address-guard.ts';
import type { OutgoingMessage, WebhookTarget } from './outgoing.ts';
import { sendWebhook } from './send-webhook.ts';

const message: OutgoingMessage = {
  id: 'dv_1',
  channel: 'ops',
  subject: 's',
  text: 't',
  data: {},
  createdAt: 0,
};
const targetAt = (url: string): WebhookTarget => ({
  kind: 'webhook',
  url,
  secret: null,
  caPem: null,
  timeoutMs: 2_000,
});

/** A receiver on the loopback, which these tests let through by its address alone. */
async function receiver(answer: { status: number; headers?: Record<string, string> }) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.headers.host));
    response.writeHead(answer.status, answer.headers).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server's address is an object.
  return { asked, port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test('a name that changes its mind after it was judged leads nowhere else: it is asked once', async (t) => {
  const world = await receiver({ status: 204 });
  t.after(world.close);
  let questions = 0;
  // First an address that may be reached, then the metadata service.
  const guard = createAddressGuard(['127.0.0.1'], async () => {
    questions += 1;
    return questions === 1 ? ['127.0.0.1'] : ['169.254.169.254'];
  });
  const target = targetAt(`http://rebinding.invalid:${world.port}/hook`);

  await sendWebhook(target, message, { guard, now: 0 });

  assert.equal(questions, 1);
  assert.deepEqual(world.asked, [`rebinding.invalid:${world.port}`]);
  // The next delivery is judged anew.
  const refused = await sendWebhook(target, message, { guard, now: 0 }).catch((cause: unknown) => cause);
  assert.ok(isAppError(refused) && refused.code === 'CHANNEL_ADDRESS_REFUSED');
});

test('a name of which one address is inside is refused whole, whichever comes first', async () => {
  for (const addresses of [
    ['192.0.2.1', '127.0.0.1'],
    ['::ffff:169.254.169.254', '192.0.2.1'],
  ]) {
    const guard = createAddressGuard([], async () => addresses);
    const refused = await sendWebhook(targetAt('https://both.invalid/'), message, { guard, now: 0 }).catch(
      (cause: unknown) => cause,
    );
    assert.ok(isAppError(refused) && refused.code === 'CHANNEL_ADDRESS_REFUSED', addresses.join());
  }
});

test('an address written to look like another is seen as what it is', async () => {
  const guard = createAddressGuard([]);
  for (const host of [
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
    '[::]',
  ]) {
    const refused = await sendWebhook(targetAt(`http://${host}:9/`), message, { guard, now: 0 }).catch(
      (cause: unknown) => cause,
    );
    assert.ok(
      isAppError(refused) && refused.code === 'CHANNEL_ADDRESS_REFUSED',
      `${host}: ${String(refused)}`,
    );
  }
});

test('a redirect to the inside is a refusal of the receiver, and nobody follows it', async (t) => {
  const world = await receiver({
    status: 307,
    headers: { location: 'http://169.254.169.254/latest/meta-data/' },
  });
  t.after(world.close);
  const guard = createAddressGuard(['127.0.0.1']);

  await assert.rejects(
    sendWebhook(targetAt(`http://127.0.0.1:${world.port}/`), message, { guard, now: 0 }),
    /answered 307/,
  );
  assert.equal(world.asked.length, 1);
});
