import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fakeClock, until } from '@pilothouse/testkit';
import { HOST_ID, issueHost, newAuthority } from '../../test/test-authority.ts';
import type { SessionPeer } from '../session/open-session.ts';
import { type HostIdentity, readIdentity, writeIdentity } from './host-identity.ts';
import { makeKeyRequest } from './make-key-request.ts';
import { createRenewal } from './renewal.ts';

const HOUR_MS = 3_600_000;

/** A host whose certificate is due, and the requests that it makes. */
async function dueHost(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'renewal-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'identity.json');
  const authority = await newAuthority();
  const { keyPem, csr } = await makeKeyRequest();
  const chain = [await issueHost(authority, csr, { ageMs: 20 * HOUR_MS })];
  let identity: HostIdentity = { hostId: HOST_ID, urls: ['https://127.0.0.1:1'], keyPem, chain };
  writeIdentity(path, identity);
  const clock = fakeClock(Date.now());
  const requests: string[] = [];
  const peer: SessionPeer = {
    send(frame) {
      if (frame.kind === 'renew') requests.push(frame.csr);
      return true;
    },
    end() {},
  };
  const renewal = createRenewal({
    path,
    clock,
    random: () => 0,
    log: { info() {}, warn() {}, error() {} },
    identity: () => identity,
    bundle: () => ({ version: 1, authorities: [authority.pem], envelopeKeys: [] }),
    serverTimeMs: () => null,
    mustKeepId: () => false,
    adopt(next) {
      identity = next;
    },
  });
  return {
    path,
    identity: () => identity,
    requests,
    /** A minute later. */
    beat() {
      clock.advance(60_000);
      renewal.beat(peer);
    },
    /** Beats once, and answers the request that this leads to. */
    async renew() {
      const count = requests.length;
      clock.advance(60_000);
      renewal.beat(peer);
      const csr = await until('a request', 10_000, async () => requests[count] ?? null);
      renewal.received([await issueHost(authority, csr)], peer);
    },
  };
}

test('a certificate that cannot be kept is not taken, ends no agent, and is taken without another once there is room', async (t) => {
  const host = await dueHost(t);
  const old = host.identity();
  // Nobody, not even root, writes a file where a directory is.
  mkdirSync(`${host.path}.new`);

  await host.renew();
  assert.equal(host.identity(), old);
  assert.deepEqual(readIdentity(host.path), old);

  host.beat();
  assert.equal(host.identity(), old);
  rmSync(`${host.path}.new`, { recursive: true });
  host.beat();
  assert.notDeepEqual(host.identity(), old);
  assert.equal(host.requests.length, 1);
  assert.deepEqual(readIdentity(host.path), host.identity());
});
