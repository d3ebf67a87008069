import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTree, type StepAction } from '@pilothouse/contract';
import fc from 'fast-check';
import { type PlanContent, stepOf, treeOf } from './loaded-plan.ts';

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

      assert.deepEqual(treeOf(content).levels.map(hexes), buildTree(steps).levels.map(hexes));
    }),
  );
});

const hexes = (level: readonly Uint8Array[]): string[] =>
  level.map((hash) => Buffer.from(hash).toString('hex'));
