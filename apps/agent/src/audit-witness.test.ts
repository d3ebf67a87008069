import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CHECKPOINT_TAG, checkpointText } from '@pilothouse/contract';
import { createAuditWitness, readWitness } from './audit-witness.ts';
import type { AgentLog } from './log.ts';

function newKey(id: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
  return { id, raw, privateKey };
}
const key = newKey('0123456789abcdef');
const stranger = newKey('0123456789abcdef');

function checkpointAt(sequence: number, letter = 'a', by = key) {
  const unsigned = { sequence, hash: letter.repeat(64), at: '2026-01-01T00:00:00.000Z', keyId: by.id };
  const text = Buffer.from(CHECKPOINT_TAG + checkpointText(unsigned));
  return { ...unsigned, signature: sign(null, text, by.privateKey).toString('base64') };
}

function openWitness(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'witness-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'audit-checkpoint.json');
  const warnings: string[] = [];
  const log: AgentLog = { info() {}, error() {}, warn: (text) => void warnings.push(text) };
  const open = () => createAuditWitness(path, log);
  return { path, warnings, open, witness: open() };
}

test('keeps the newest checkpoint that a trusted key signed, across restarts', (t) => {
  const { path, warnings, open, witness } = openWitness(t);

  witness.learn(checkpointAt(3), [key]);
  witness.learn(checkpointAt(7), [key]);
  open().learn(checkpointAt(7), [key]);

  assert.deepEqual(readWitness(path), checkpointAt(7));
  assert.deepEqual(warnings, []);
});

test('takes nothing that no trusted key signed', (t) => {
  const { path, warnings, witness } = openWitness(t);

  witness.learn(checkpointAt(3, 'a', stranger), [key]);
  witness.learn({ ...checkpointAt(3), sequence: 4 }, [key]);
  witness.learn(checkpointAt(3), []);

  assert.equal(existsSync(path), false);
  assert.equal(warnings.length, 3);
});

test('a log that became shorter or another one is warned of and does not replace what was seen', (t) => {
  const { path, warnings, open, witness } = openWitness(t);
  witness.learn(checkpointAt(7), [key]);

  const later = open();
  later.learn(checkpointAt(6), [key]);
  later.learn(checkpointAt(7, 'b'), [key]);

  assert.deepEqual(readWitness(path), checkpointAt(7));
  assert.equal(warnings.length, 2);
});
