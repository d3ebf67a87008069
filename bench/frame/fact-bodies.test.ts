import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inventoryFacts } from '@pilothouse/plugin-inventory/contract';
import { BUILDS, factsOfHost } from './fact-bodies.ts';

const today = { day: 0, isUpgraded: false };

test('a simulated host says every fact of the inventory plugin as its schema wants it', () => {
  const facts = factsOfHost(17, { day: 3, isUpgraded: true });

  assert.deepEqual(new Set(facts.keys()), new Set(inventoryFacts.map((fact) => fact.name)));
  for (const fact of inventoryFacts) {
    const text = facts.get(fact.name)?.text ?? '';
    assert.ok(text.length <= fact.sizeBytesMax, fact.name);
    fact.body.parse(JSON.parse(text));
  }
});

test('hosts of one build differ only in what no two hosts share, and no two builds have the same packages', () => {
  const [one, same] = [1, 1 + BUILDS].map((host) => factsOfHost(host, today));
  const packages = Array.from({ length: BUILDS }, (_, build) => factsOfHost(build, today).get('packages'));

  for (const fact of inventoryFacts.filter(({ isShared }) => isShared)) {
    assert.equal(one?.get(fact.name)?.digest, same?.get(fact.name)?.digest, fact.name);
  }
  assert.notEqual(one?.get('identity')?.digest, same?.get('identity')?.digest);
  assert.equal(new Set(packages.map((body) => body?.digest)).size, BUILDS);
});
