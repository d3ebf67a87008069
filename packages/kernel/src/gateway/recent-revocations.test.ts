import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerFrame } from '@pilothouse/wire';
import fc from 'fast-check';
import { type Opening, RecentRevocations } from './recent-revocations.ts';

const frame = (afterMs: number): ServerFrame => ({ kind: 'come-back', afterMs });

test('a revocation is known to whoever was on the way in, and to nobody who comes later', () => {
  const recent = new RecentRevocations();
  const early = recent.begin();
  recent.note('a', frame(1));
  const late = recent.begin();
  assert.deepEqual(recent.since(early, 'a'), frame(1));
  assert.equal(recent.since(late, 'a'), null);
  assert.equal(recent.since(early, 'b'), null);
});

test('any order of revocations, arrivals and ends: each learns what came after it began, and nothing is kept for nobody', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('begin' as const) }),
    fc.record({ kind: fc.constant('end' as const), at: fc.nat(9) }),
    fc.record({ kind: fc.constant('revoke' as const), host: fc.constantFrom('a', 'b', 'c') }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const recent = new RecentRevocations();
      // Beside each opening what a list that forgets nothing would tell it.
      const open: { opening: Opening; revoked: Map<string, ServerFrame> }[] = [];
      let told = 0;
      for (const each of steps) {
        if (each.kind === 'begin') open.push({ opening: recent.begin(), revoked: new Map() });
        else if (each.kind === 'revoke') {
          told += 1;
          recent.note(each.host, frame(told));
          for (const { revoked } of open) revoked.set(each.host, frame(told));
        } else {
          const [ended] = open.splice(each.at, 1);
          if (ended !== undefined) recent.end(ended.opening);
        }
        for (const { opening, revoked } of open)
          for (const host of ['a', 'b', 'c'])
            assert.deepEqual(recent.since(opening, host), revoked.get(host) ?? null);
        assert.equal(recent.size, new Set(open.flatMap(({ revoked }) => [...revoked.keys()])).size);
      }
    }),
  );
});
