import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffBodies } from './diff-bodies.ts';

const openssl = { name: 'openssl', version: '3.0.11-1', arch: 'amd64' };
const kernels = [
  { name: 'linux-image', version: '6.1.1', arch: 'amd64' },
  { name: 'linux-image', version: '6.1.2', arch: 'amd64' },
];

test('an updated package is one change, told by its name', () => {
  const before = { system: 'dpkg', packages: [openssl, { name: 'bash', version: '5', arch: 'amd64' }] };
  const after = { system: 'dpkg', packages: [{ ...openssl, version: '3.0.13-1' }] };

  assert.deepEqual(diffBodies(before, after), [
    {
      kind: 'removed',
      path: ['packages', 'bash'],
      before: { name: 'bash', version: '5', arch: 'amd64' },
      after: null,
    },
    {
      kind: 'changed',
      path: ['packages', 'openssl', 'version'],
      before: '3.0.11-1',
      after: '3.0.13-1',
    },
  ]);
});

test('where a name stands several times, name and version tell entries apart', () => {
  assert.deepEqual(
    diffBodies(kernels, kernels.slice(1)).map(({ kind, path }) => ({ kind, path })),
    [{ kind: 'removed', path: ['linux-image 6.1.1'] }],
  );
});

test('plain values are told by themselves, however often they stand there', () => {
  assert.deepEqual(
    diffBodies(['a', 'a', 'b'], ['a', 'c']).map(({ kind, path }) => `${kind} ${path.join()}`),
    ['removed a', 'removed b', 'added c'],
  );
});

test('a field that appears is added, one that becomes another kind of thing is changed', () => {
  assert.deepEqual(
    diffBodies({ a: [1], b: 1 }, { a: { x: 1 }, c: null }).map(({ kind, path }) => `${kind} ${path.join()}`),
    ['changed a', 'removed b', 'added c'],
  );
});

type Json = Parameters<typeof diffBodies>[0];

/** Of few names and few values, so that two of them are often alike in parts. */
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'large' },
    fc.constantFrom<Json>(null, 0, -0, 1, '', 'a', '[]'),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('', 'name', 'id', '__proto__'), tie('json'), { maxKeys: 3 }),
  ),
}));

test('what is equal has no difference, what differs has one, and sides can be swapped', () => {
  const swapped = { added: 'removed', removed: 'added', changed: 'changed' } as const;
  const told = (differences: ReturnType<typeof diffBodies>) =>
    differences.map(({ kind, path }) => JSON.stringify([kind, path])).sort();
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.deepEqual(diffBodies(a, a), []);
      const there = diffBodies(a, b);
      const back = diffBodies(b, a).map((each) => ({ ...each, kind: swapped[each.kind] }));
      assert.deepEqual(told(there), told(back));
      const isSame = isEqualJson(a, b);
      assert.equal(there.length === 0, isSame);
    }),
    { numRuns: 1000 },
  );
});

test('the order of lists and members says nothing, at any depth', () => {
  const turned = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(turned).reverse();
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, item]) => [key, turned(item)] as const)
        .reverse(),
    );
  };
  fc.assert(
    fc.property(json, (body) => {
      assert.deepEqual(diffBodies(body, turned(body)), []);
    }),
    { numRuns: 1000 },
  );
});

/** Order of lists is not part of what a fact says. */
const isEqualJson = (a: Json, b: Json): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function sorted(value: Json): unknown {
  if (Array.isArray(value)) return ['list', ...value.map((item) => JSON.stringify(sorted(item))).sort()];
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value;
  const members = Object.entries(value).map(([key, item]) => JSON.stringify([key, sorted(item)]));
  return ['members', ...members.sort()];
}
