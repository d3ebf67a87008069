import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_MS, HOUR_MS } from '@pilothouse/base';
import type { TrustBundle } from '@pilothouse/contract';
import {
  HOST_ID,
  issueHost,
  newAuthority,
  newEnvelopeKey,
  type TestAuthority,
} from '../../test/test-authority.ts';
import type { HostIdentity } from '../identity/host-identity.ts';
import { makeKeyRequest } from '../identity/make-key-request.ts';
import { checkIdentity } from './check-identity.ts';

const authority = await newAuthority();
const { id, raw } = newEnvelopeKey();
const trustOf = (trusted: TestAuthority): TrustBundle => ({
  version: 1,
  authorities: [trusted.pem],
  envelopeKeys: [{ id, raw }],
});

/** Of a host that enrolled `ageMs` ago with a certificate of 30 days. */
async function enrolled(ageMs: number): Promise<HostIdentity> {
  const { csr, keyPem } = await makeKeyRequest();
  const leaf = await issueHost(authority, csr, { ageMs, lifeMs: 30 * DAY_MS });
  return { hostId: HOST_ID, urls: ['https://127.0.0.1:1'], keyPem, chain: [leaf, authority.pem] };
}

const said = (identity: HostIdentity, trusted = authority): string[] =>
  checkIdentity(identity, trustOf(trusted), Date.now()).map(({ state, code }) => `${state} ${code}`);

test('a certificate is early, good, late in being renewed, or over', async () => {
  const life = async (ageMs: number): Promise<string | undefined> => said(await enrolled(ageMs))[1];

  assert.equal(await life(-HOUR_MS), 'problem certificateEarly');
  assert.equal(await life(19 * DAY_MS), 'ok certificate');
  assert.equal(await life(27 * DAY_MS), 'warning certificateEnds');
  assert.equal(await life(31 * DAY_MS), 'problem certificateOver');
});

test('a key of another host and an authority that nobody trusts are told apart', async () => {
  const identity = await enrolled(DAY_MS);
  const { keyPem } = await enrolled(DAY_MS);

  assert.deepEqual(said({ ...identity, keyPem }), ['problem keyMismatch']);
  assert.deepEqual(said({ ...identity, keyPem: 'no key' }), ['problem keyMismatch']);
  assert.deepEqual(said(identity, await newAuthority()), [
    'ok identity',
    'ok certificate',
    'problem certificateForeign',
  ]);
});
