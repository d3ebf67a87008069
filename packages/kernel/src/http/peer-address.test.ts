import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainAddress } from '../plain-address.ts';
import { networkOf } from './peer-address.ts';

test('shows IPv4 as IPv4, whatever the socket', () => {
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('2001:db8::1'), '2001:db8::1');
});

test('addresses of one IPv6 network count as one, those of two as two, however they are written', () => {
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0');
  assert.equal(networkOf('2001:0DB8:0:0:ffff::9'), '2001:db8:0:0');
  assert.notEqual(networkOf('2001:db8:0:1::1'), networkOf('2001:db8::1'));
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0');
  assert.equal(networkOf('::1'), '0:0:0:0');
  assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1');
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      // Addresses that end in dotted IPv4 are their own form.
      if (!address.includes('.')) assert.equal(networkOf(address).split(':').length, 4, address);
    }),
  );
});
