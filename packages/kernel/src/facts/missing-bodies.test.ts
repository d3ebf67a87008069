import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMissingBodies, type NamedBody } from './missing-bodies.ts';
import type { OpenSpan } from './span-book.ts';

const span = (digest: string): OpenSpan => ({ digest, absence: null, since: 0, seenAt: 0, storedSeenAt: 0 });

/** A fleet that says of which digest its `os` is, and what is stored of it. */
function fleet(digests: Record<string, string>) {
  const stored = new Set<string>();
  let lookedAt = 0;
  const missing = createMissingBodies({
    book: { of: (hostId) => new Map([['os', span(digests[hostId] ?? '')]]) },
    shelf: { has: (_fact, digest) => stored.has(digest) },
    *hostIds() {
      for (const hostId of Object.keys(digests)) {
        lookedAt += 1;
        yield hostId;
      }
    },
  });
  const walk = async (answer: 'next-body' | 'next-host'): Promise<string[]> => {
    const seen: NamedBody[] = [];
    await missing.walk((body) => {
      seen.push(body);
      return answer;
    });
    return seen.map(({ hostId, digest }) => `${hostId} ${digest}`);
  };
  return { digests, stored, missing, walk, lookedAt: () => lookedAt };
}

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`h${n}`, 'old']));

test('the fleet is looked through once; from then on walks cost what is missing', async () => {
  const { walk, stored, digests, missing, lookedAt } = fleet(many(1_000));
  assert.equal((await walk('next-host')).length, 1_000);
  stored.add('old');
  assert.deepEqual(await walk('next-host'), []);
  digests['h7'] = 'new';
  missing.note({ hostId: 'h7', fact: 'os', digest: 'new' });

  assert.deepEqual(await walk('next-host'), ['h7 new']);
  assert.deepEqual(await walk('next-host'), ['h7 new']);
  assert.equal(lookedAt(), 1_000);
});

test('one host is enough when who asks says so', async () => {
  const { walk } = fleet(many(1_000));
  assert.deepEqual(await walk('next-body'), ['h0 old']);
});

test('what a host has replaced is not asked of it any more', async () => {
  const { walk, digests, missing } = fleet({ a: 'x', b: 'x' });
  await walk('next-host');
  digests['a'] = 'y';
  missing.note({ hostId: 'a', fact: 'os', digest: 'y' });
  assert.deepEqual(await walk('next-host'), ['b x', 'a y']);
});

test('when something stored is of no use, who names it is looked for', async () => {
  const { walk, stored, missing } = fleet({ a: 'x', b: 'x', c: 'y' });
  stored.add('x').add('y');
  assert.deepEqual(await walk('next-host'), []);
  stored.delete('x');
  missing.lose();
  assert.deepEqual(await walk('next-host'), ['a x', 'b x']);
});

test('a long walk lets others go on', async () => {
  const { walk } = fleet(many(2_000));
  let isOver = false;
  const other = new Promise<boolean>((resolve) => setImmediate(() => resolve(isOver)));
  const walking = walk('next-host').then(() => {
    isOver = true;
  });
  assert.equal(await other, false);
  await walking;
});
