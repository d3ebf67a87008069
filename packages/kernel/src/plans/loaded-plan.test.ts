import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTree, type StepAction } from '@pilothouse/contract';
import fc from 'fast-check';
import { treeInSlices, treeOverTexts } from './fast-tree.ts';
import { type PlanContent, stepOf, stepTexts } from './loaded-plan.ts';

const action = fc.record({
  action: fc.constantFrom('commands.run', 'packages.upgrade'),
  parameters: fc.dictionary(fc.string(), fc.jsonValue()),
  contents: fc.constant([]),
  undo: fc.constant(null),
});

test('the tree of a plan in memory is the one that hosts and people work out from its steps', () => {
  const shape = fc.record({
    hosts: fc.integer({ min: 1, max: 40 }),
    lists: fc.array(fc.array(action, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
    hasWaves: fc.boolean(),
  });
  fc.assert(
    fc.property(shape, ({ hosts, lists, hasWaves }) => {
      const numbers = Array.from({ length: hosts }, (_, n) => n);
      const content: PlanContent = {
        hosts: numbers.map((n) => ({ id: `h_${String(n).padStart(18, '0')}`, name: `web-${n}` })),
        // Parameters of any JSON: more than a plan may hold.
        actionLists: lists as unknown as StepAction[][],
        listOf: numbers.map((n) => n % lists.length),
        waveOf: hasWaves ? numbers.map((n) => n % 3) : null,
        target: {},
        permissions: null,
      };
      const steps = numbers.map((n) => stepOf(content, n));

      assert.deepEqual(
        treeOverTexts(stepTexts(content)).levels.map(hexes),
        buildTree(steps).levels.map(hexes),
      );
    }),
  );
});

test('a tree that is made in slices is the one that is made at once', async () => {
  for (const count of [1, 1023, 1024, 1025, 2047, 2048, 2049, 3072, 5001, 10_000]) {
    const leaves = Array.from({ length: count }, (_, n) => `step ${n}`);

    const { levels } = await treeInSlices(leaves);

    assert.deepEqual(levels.map(hexes), treeOverTexts(leaves).levels.map(hexes), `${count} leaves`);
  }
});

const hexes = (level: readonly Uint8Array[]): string[] =>
  level.map((hash) => Buffer.from(hash).toString('hex'));
