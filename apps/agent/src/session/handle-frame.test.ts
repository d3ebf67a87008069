import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { newEnvelopeKey, signBundle } from '../../test/test-authority.ts';
import type { AgentParts } from '../agent-parts.ts';
import { openTrustStore, writeTrust } from '../identity/trust-store.ts';
import { handleFrame } from './handle-frame.ts';
import type { OutgoingFrame } from './session-frames.ts';

test('trust that cannot be kept is not taken, ends no agent, and is taken when it comes again', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'trust-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'trust.json');
  const key = newEnvelopeKey();
  const bundle = (version: number) =>
    signBundle({ version, authorities: ['pem'], envelopeKeys: [{ id: key.id, raw: key.raw }] }, key);
  writeTrust(path, bundle(1));
  const trust = openTrustStore(path);
  assert.ok(trust !== null);
  const said: OutgoingFrame[] = [];
  // The frame reaches these parts alone.
  const parts = { trust, dialler: { forget() {} } } as unknown as AgentParts;
  const hear = () =>
    handleFrame(
      { kind: 'trust', generation: 1, bundles: [bundle(2)] },
      {
        parts,
        peer: { send: (frame) => said.push(frame) > 0, end() {} },
        log: { info() {}, warn() {}, error() {} },
      },
    );
  // Nobody, not even root, writes a file where a directory is.
  mkdirSync(`${path}.new`);

  hear();
  assert.deepEqual([trust.bundle.version, said], [1, []]);

  rmSync(`${path}.new`, { recursive: true });
  hear();
  assert.deepEqual([trust.bundle.version, said], [2, [{ kind: 'trust-adopted', version: 2 }]]);
});
