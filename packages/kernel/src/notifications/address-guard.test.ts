import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAddressGuard } from './address-guard.ts';
import { deliveries, openTestNotifications, putChannel, tell } from './open-test-notifications.ts';

test('addresses of the machine and its inside are refused in every form, also behind a name', async (t) => {
  const named = (address: string) => createAddressGuard([], async () => ['203.0.113.5', address]);
  for (const address of [
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.169.254',
    '100.100.100.200',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    'fe80::1',
    'fd00:ec2::254',
    '224.0.0.1',
  ]) {
    await assert.rejects(
      named(address).resolve('evil.example'),
      { code: 'CHANNEL_ADDRESS_REFUSED' },
      address,
    );
    assert.throws(() => createAddressGuard([]).check(address), { code: 'CHANNEL_ADDRESS_REFUSED' }, address);
  }
  for (const address of ['203.0.113.5', '10.0.0.1', '192.168.1.1', 'fd12::1', '2001:db8::1'])
    assert.equal(await createAddressGuard([]).resolve(address), address);
  assert.equal(await createAddressGuard(['127.0.0.0/8', '::1']).resolve('127.0.0.1'), '127.0.0.1');
  assert.equal(await createAddressGuard(['::1']).resolve('[::1]'), '::1');

  const it = await openTestNotifications(t, { notifyAllow: [] });
  for (const url of ['http://127.0.0.1/', 'http://[::1]:8080/', 'http://0x7f.1/', 'http://2130706433/'])
    await assert.rejects(
      putChannel(it.room, { kind: 'webhook', url }),
      { code: 'CHANNEL_ADDRESS_REFUSED' },
      url,
    );
  await putChannel(it.room, { kind: 'webhook', url: 'http://localhost:9/' });
  await tell(it);
  await it.room.idle();
  assert.match((await deliveries(it.room))[0]?.error ?? '', /^CHANNEL_ADDRESS_REFUSED /);
});
