/** What `systemctl show` prints, and what it never would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzParameters, hostileText } from '@pilothouse/testkit/fuzz';
import fc from 'fast-check';
import { parseUnitState, UNIT_PROPERTIES } from './unit-state.ts';

const line = fc
  .tuple(
    fc.oneof(fc.constantFrom(...UNIT_PROPERTIES), hostileText),
    fc.constantFrom('=', '', '=='),
    hostileText,
  )
  .map((parts) => parts.join(''));

test('any text is a state of a unit, with what it lacks left empty', (t) => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const state = parseUnitState(lines.join('\n'));

      assert.deepEqual(Object.keys(state).sort(), [
        'active',
        'canReload',
        'enabled',
        'fragment',
        'load',
        'result',
        'sub',
      ]);
      assert.equal(typeof state.canReload, 'boolean');
      assert.ok(![state.load, state.active, state.sub].some((value) => value.includes('\n')));
    }),
    fuzzParameters(t, { runs: 300 }),
  );
});
