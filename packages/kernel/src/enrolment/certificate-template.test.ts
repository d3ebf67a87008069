import assert from 'node:assert/strict';
import { X509Certificate as NativeCertificate, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { derBitString, derContent, derElement, derSequence } from './der.ts';
import { checkCsr, issueHostCertificate, newAuthority, newKeyPair } from './issue-certificate.ts';
import { Pkcs10CertificateRequestGenerator } from './x509.ts';

const NOW = Date.UTC(2026, 10, 21, 8, 30, 15, 250);
const HOST_ID = 'h_01k5q8vkq3m8n7p2r4';

async function newRequest() {
  const keys = await newKeyPair();
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=any', keys, signingAlgorithm });
  return checkCsr(csr.toString('pem'));
}

test('a filled-in certificate is the one that the library would have made', async () => {
  const { authority } = await newAuthority(NOW);
  const { request } = await newRequest();
  const subject = { hostId: HOST_ID, publicKey: request.publicKey };
  assert.notEqual(authority.fillHost, null);

  const filled = new X509Certificate((await issueHostCertificate(authority, subject, NOW)).pem);
  const made = new X509Certificate(
    (await issueHostCertificate({ ...authority, fillHost: null }, subject, NOW)).pem,
  );

  assert.ok(filled.verify(new NativeCertificate(authority.pem).publicKey));
  for (const field of ['subject', 'subjectAltName', 'issuer', 'validFrom', 'validTo', 'keyUsage'] as const) {
    assert.deepEqual(filled[field], made[field], field);
  }
  assert.deepEqual(
    filled.publicKey.export({ type: 'spki', format: 'der' }),
    made.publicKey.export({ type: 'spki', format: 'der' }),
  );
  assert.notEqual(filled.serialNumber, made.serialNumber);
  assert.equal(filled.raw.length - made.raw.length <= 4, true);
});

test('what the form cannot hold is issued all the same', async () => {
  const { authority } = await newAuthority(NOW);
  const { request } = await newRequest();
  const later = Date.UTC(2051, 0, 1);
  const subject = { hostId: HOST_ID, publicKey: request.publicKey };

  const longId = await issueHostCertificate(authority, { ...subject, hostId: `${HOST_ID}longer` }, NOW);
  const longDate = await issueHostCertificate(authority, subject, later);

  assert.equal(new X509Certificate(longId.pem).subject, `CN=${HOST_ID}longer`);
  assert.ok(new X509Certificate(longDate.pem).validToDate.getTime() > later);
});

test('DER is put together so that it comes apart again, whatever its length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70_000 }), (bytes) => {
      const content = Buffer.from(bytes);
      const element = derSequence(content);

      assert.deepEqual(derElement(Buffer.concat([element, Buffer.of(1, 2, 3)])), element);
      assert.deepEqual(derContent(element), content);
      assert.equal(derContent(derBitString(content)).length, content.length + 1);
    }),
    { numRuns: 50 },
  );
});

test('bytes that are no DER are refused with a RangeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        assert.ok(derElement(Buffer.from(bytes)).length <= bytes.length);
      } catch (cause) {
        assert.ok(cause instanceof RangeError);
      }
    }),
  );
});
