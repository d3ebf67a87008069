import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readIdentity } from './host-identity.ts';
import { openTrustStore } from './trust-store.ts';

test('a damaged identity or trust file is named with its code, and an absent one is not an error', () => {
  const directory = mkdtempSync(join(tmpdir(), 'agent-state-'));
  const path = join(directory, 'state.json');
  try {
    assert.equal(readIdentity(path), null);
    assert.equal(openTrustStore(path), null);
    for (const text of ['', '{"hostId":', '{"hostId":"h_x"}', '\0\0\0\0']) {
      writeFileSync(path, text);
      assert.throws(() => readIdentity(path), { code: 'AGENT_STATE_DAMAGED', details: { path } });
      assert.throws(() => openTrustStore(path), { code: 'AGENT_STATE_DAMAGED', details: { path } });
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
