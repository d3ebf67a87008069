import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TrustPolicy } from '@pilothouse/contract';
import { newOperator, strictPolicy } from '../../test/test-operator.ts';
import { openTrustPolicyFile } from './trust-policy-file.ts';

const uid = process.getuid?.() ?? 0;
const ada = newOperator('ada');
const ben = newOperator('ben');

function withFile(run: (write: (text: string, mode?: number) => void, path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'policy-'));
  const path = join(directory, 'trust-policy.json');
  try {
    run((text, mode = 0o600) => {
      writeFileSync(path, text);
      chmodSync(path, mode);
    }, path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('no file is no policy; a good one counts as soon as it is written, and its change as soon', () => {
  withFile((write, path) => {
    const file = openTrustPolicyFile(path, uid);
    assert.equal(file.current().kind, 'none');

    write(JSON.stringify(strictPolicy([ada, ben])));
    const state = file.current();
    write(JSON.stringify({ ...strictPolicy([ada, ben]), mode: 'default' }));
    const later = file.current();

    assert.equal(state.kind === 'policy' && state.policy.mode, 'strict');
    assert.equal(later.kind === 'policy' && later.policy.mode, 'default');
  });
});

test('what cannot be used says so, and is not taken for no policy', () => {
  const good = strictPolicy([ada, ben]);
  const swapped = { ...ada.operator, publicKey: ben.operator.publicKey };
  const wants = (signatures: Partial<TrustPolicy['signatures']>) => ({
    ...good,
    signatures: { ...good.signatures, ...signatures },
  });
  const bad: unknown[] = [
    '{',
    '',
    { ...good, mode: 'lenient' },
    { ...good, unknownField: 1 },
    { ...good, operators: [ada.operator, ada.operator] },
    { ...good, operators: [swapped, ben.operator] },
    { ...good, operators: [ada.operator] },
    wants({ disruptive: 0 }),
    wants({ destructive: { count: 1, ofGroups: { dba: 1 } } }),
  ];
  withFile((write, path) => {
    for (const each of bad) {
      write(typeof each === 'string' ? each : JSON.stringify(each));
      assert.equal(openTrustPolicyFile(path, uid).current().kind, 'damaged', JSON.stringify(each));
    }
  });
});

test('a file that others may write, or that is somebody else’s, is not the host’s word', () => {
  withFile((write, path) => {
    write(JSON.stringify(strictPolicy([ada, ben])), 0o660);
    assert.equal(openTrustPolicyFile(path, uid).current().kind, 'damaged');
    write(JSON.stringify(strictPolicy([ada, ben])), 0o600);
    assert.equal(openTrustPolicyFile(path, uid).current().kind, 'policy');
  });
});
