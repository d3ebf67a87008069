import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { type ActionAllowance, fitsPattern, isAllowed, type ReadParameters } from './parameter-constraint.ts';
import type { StepAction } from './plan.ts';
import { JsonObject } from './scalars.ts';

const schema = z.object({
  unit: z.string(),
  isForced: z.boolean().default(false),
  tags: z.array(z.string()).default([]),
});
const read: ReadParameters = (action, parameters) => {
  const parsed = schema.safeParse(parameters);
  return action === 'services.restart' && parsed.success ? JsonObject.parse(parsed.data) : null;
};
const allowance: ActionAllowance = {
  action: 'services.restart',
  parameters: { unit: { pattern: 'nginx@*.service' } },
};
const stepOf = (parameters: JsonObject, more: Partial<StepAction> = {}): StepAction => ({
  action: 'services.restart',
  parameters,
  contents: [],
  undo: null,
  ...more,
});
const allows = (
  parameters: JsonObject,
  more: Partial<StepAction> = {},
  wider: Partial<ActionAllowance> = {},
) => isAllowed({ ...allowance, ...wider }, stepOf(parameters, more), read);

test('what is named may be what its constraint says, and nothing else', () => {
  assert.ok(allows({ unit: 'nginx@a-1.service' }));
  assert.ok(allows({ unit: 'nginx@.service' }));
  assert.ok(!allows({ unit: 'nginx@a.service.d' }));
  assert.ok(!allows({ unit: 'xnginx@a.service' }));
  assert.ok(!allows({ unit: 'nginx@a/../b.service' }));
  assert.ok(!allows({ unit: 'nginx@$(id).service' }));
  assert.ok(!allows({ unit: 'nginx@a\n.service' }));
});

test('what is not named must be what it is by itself', () => {
  assert.ok(allows({ unit: 'nginx@a.service', isForced: false }));
  assert.ok(!allows({ unit: 'nginx@a.service', isForced: true }));
  assert.ok(!allows({ unit: 'nginx@a.service', tags: ['x'] }));
});

test('values are compared whole, nested ones as well', () => {
  const parameters = { ...allowance.parameters, tags: { oneOf: [[], ['a', 'b']] } };

  assert.ok(allows({ unit: 'nginx@a.service', tags: ['a', 'b'] }, {}, { parameters }));
  assert.ok(!allows({ unit: 'nginx@a.service', tags: ['b', 'a'] }, {}, { parameters }));
  assert.ok(!allows({ unit: 'nginx@a.service', tags: ['a'] }, {}, { parameters }));
});

test('a constraint on a parameter that is not there, another action and invalid parameters are not allowed', () => {
  assert.ok(!allows({ unit: 'nginx@a.service' }, { action: 'services.stop' }));
  assert.ok(!allows({ unit: 7 }));
  assert.ok(!allows({}));
  assert.ok(!allows({ unit: 'nginx@a.service' }, {}, { parameters: { constructor: { equals: 1 } } }));
});

test('content beside the parameters is named by digest or refused', () => {
  const digest = 'a'.repeat(64);

  assert.ok(!allows({ unit: 'nginx@a.service' }, { contents: [digest] }));
  assert.ok(allows({ unit: 'nginx@a.service' }, { contents: [digest] }, { contents: [digest] }));
});

test('a pattern agrees with the regular expression that it stands for, whatever the text', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*', ' '), maxLength: 8 });
  fc.assert(
    fc.property(piece, piece, (pattern, text) => {
      const expected = new RegExp(
        `^${pattern
          .split('*')
          .map((fixed) => fixed.replace(/[.\\/]/g, '\\$&'))
          .join('[A-Za-z0-9_@:+.-]*')}$`,
      );

      assert.equal(fitsPattern(pattern, text), !text.includes('..') && expected.test(text));
    }),
    { numRuns: 2000 },
  );
});

test('a pattern full of stars over a long text comes to an end', () => {
  assert.ok(!fitsPattern(`${'*a'.repeat(99)}!`, 'a'.repeat(4096)));
});
