import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENVELOPE_BATCH_TAG, ENVELOPE_TAG } from './envelope.ts';
import { proofOf, rootOf, treeOfTexts } from './plan-digest.ts';
import { batchLeafText, signedBatchText, signedTextOf } from './signed-text.ts';

test('an envelope alone is signed as it is', () => {
  assert.deepEqual(signedTextOf({ payload: 'x' }), { tag: ENVELOPE_TAG, text: 'x' });
});

test('a batch of one is not the same as the envelope alone', () => {
  const signed = signedTextOf({ payload: 'x', batch: { index: 0, count: 1, proof: [] } });

  assert.equal(signed?.tag, ENVELOPE_BATCH_TAG);
  assert.match(signed?.text ?? '', /^1 [0-9a-f]{64}$/);
});

test('a place that is none has no text, whatever stands in it', () => {
  const digest = '0'.repeat(64);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 70 }),
      fc.integer({ min: 1, max: 64 }),
      fc.nat(8),
      (index, count, length) => {
        const signed = signedTextOf({
          payload: 'x',
          batch: { index, count, proof: Array(length).fill(digest) },
        });
        const tree = treeOfTexts(Array.from({ length: count }, () => ''));
        const isPlace = index < count && proofOf(tree, index).length === length;

        assert.equal(signed !== null, isPlace);
      },
    ),
  );
});

test('the number of members is part of what is signed', () => {
  const root = rootOf(treeOfTexts([batchLeafText('x')]));

  assert.notDeepEqual(signedBatchText(1, root), signedBatchText(2, root));
});
