import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PROXY_HEADER_BYTES_MAX, readProxyHeader } from './proxy-header.ts';
import { proxyHeaderV2 } from './test/proxy-header-v2.ts';

const text = (line: string) => Buffer.from(line, 'latin1');

test('reads the address of the peer from both versions, whatever follows', () => {
  const tls = Buffer.from([22, 3, 1]);
  const cases: [Buffer, string | null][] = [
    [text('PROXY TCP4 192.0.2.7 198.51.100.1 50000 7444\r\n'), '192.0.2.7'],
    [text('PROXY TCP6 2001:db8::7 2001:db8::1 50000 7444\r\n'), '2001:db8::7'],
    [text('PROXY UNKNOWN\r\n'), null],
    [text('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), null],
    [proxyHeaderV2('192.0.2.7'), '192.0.2.7'],
    [proxyHeaderV2('2001:db8::7'), '2001:db8::7'],
    [proxyHeaderV2('192.0.2.7', Buffer.from([4, 0, 2, 9, 9])), '192.0.2.7'],
    [proxyHeaderV2(null), null],
  ];

  for (const [header, address] of cases) {
    const read = readProxyHeader(Buffer.concat([header, tls]));
    assert.deepEqual(read, { kind: 'header', sizeBytes: header.length, address });
  }
});

test('every beginning of a header asks for more, and what cannot become one is refused', () => {
  for (const header of [
    text('PROXY TCP4 192.0.2.7 198.51.100.1 50000 7444\r\n'),
    proxyHeaderV2('2001:db8::7', Buffer.alloc(40)),
  ])
    for (let size = 0; size < header.length; size++)
      assert.equal(readProxyHeader(header.subarray(0, size)).kind, 'more');

  for (const wrong of [
    Buffer.from([22, 3, 1, 0]),
    text('PROXY TCP4 2001:db8::7 198.51.100.1 1 2\r\n'),
    text('PROXY TCP4 192.0.2.7\r\n'),
    text('PROXY TCP9 192.0.2.7 198.51.100.1 1 2\r\n'),
    text(`PROXY TCP4 ${'1'.repeat(200)}`),
    Buffer.concat([proxyHeaderV2(null).subarray(0, 12), Buffer.from([0x31, 0x11, 0, 12]), Buffer.alloc(12)]),
    Buffer.concat([proxyHeaderV2(null).subarray(0, 12), Buffer.from([0x21, 0x11, 0, 4]), Buffer.alloc(4)]),
    Buffer.concat([proxyHeaderV2(null).subarray(0, 12), Buffer.from([0x21, 0x11, 0xff, 0xff])]),
  ])
    assert.equal(readProxyHeader(wrong).kind, 'invalid', wrong.toString('latin1'));
});

test('any bytes are judged, and never more than the limit is asked for', () => {
  const starts = [text('PROXY '), proxyHeaderV2(null).subarray(0, 12), Buffer.alloc(0)];
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 3000 }), (start, rest) => {
      const bytes = Buffer.concat([start, rest]);
      const read = readProxyHeader(bytes);
      if (read.kind === 'more') assert.ok(bytes.length < PROXY_HEADER_BYTES_MAX);
      if (read.kind === 'header') assert.ok(read.sizeBytes <= bytes.length);
    }),
  );
});
