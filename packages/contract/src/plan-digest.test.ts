import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Step } from './plan.ts';
import { buildTree, proofOf, rootOf, verifyStep } from './plan-digest.ts';

const stepOf = (n: number): Step => ({
  hostId: `h_${String(n).padStart(18, '0')}`,
  actions: [{ action: 'commands.run', parameters: { n }, contents: [], undo: null }],
});
const stepsOf = (count: number) => Array.from({ length: count }, (_, n) => stepOf(n));

test('every step proves itself against the root, and no other step or place does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), fc.nat(), (count, a, b) => {
      const steps = stepsOf(count);
      const tree = buildTree(steps);
      const [index, other] = [a % count, b % count];
      const base = { index, count, proof: proofOf(tree, index), root: rootOf(tree) };

      assert.ok(verifyStep({ ...base, step: stepOf(index) }));
      if (other === index) return;
      assert.ok(!verifyStep({ ...base, step: stepOf(other) }));
      assert.ok(!verifyStep({ ...base, step: stepOf(index), index: other }));
    }),
  );
});

test('a changed parameter, a shortened or a lengthened proof fails', () => {
  const tree = buildTree(stepsOf(9));
  const proof = proofOf(tree, 4);
  const base = { index: 4, count: 9, root: rootOf(tree), step: stepOf(4) };

  assert.ok(verifyStep({ ...base, proof }));
  assert.ok(!verifyStep({ ...base, proof: proof.slice(1) }));
  assert.ok(!verifyStep({ ...base, proof: [...proof, proof[0] ?? ''] }));
  assert.ok(!verifyStep({ ...base, proof, step: { ...stepOf(4), hostId: stepOf(5).hostId } }));
});

test('an inner node cannot be passed off as a leaf of a smaller tree', () => {
  const tree = buildTree(stepsOf(4));

  assert.ok(
    !verifyStep({ step: stepOf(0), index: 0, count: 2, proof: proofOf(tree, 0), root: rootOf(tree) }),
  );
});
