import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchLeafText, proofOf, rootOf, signedTextOf, treeOfTexts } from '@pilothouse/contract';
import fc from 'fast-check';
import { openTestRollouts, type TestRollouts } from '../open-test-rollouts.ts';
import { sealTogether } from './seal-envelopes.ts';

const signer = { sign: (tag: string, text: string) => ({ keyId: 'k', value: tag + text }) };

test('each envelope of a batch says what was signed, and the tree is the one of the contract', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 70 }), (payloads) => {
      const tree = treeOfTexts(payloads.map(batchLeafText));

      for (const [index, envelope] of sealTogether(signer, payloads).entries()) {
        const signed = signedTextOf(envelope);
        assert.ok(signed);
        assert.equal(envelope.payload, payloads[index]);
        assert.deepEqual(envelope.batch, { index, count: payloads.length, proof: proofOf(tree, index) });
        assert.ok(signed.text.endsWith(rootOf(tree)));
        assert.deepEqual(envelope.signatures, [{ keyId: 'k', value: signed.tag + signed.text }]);
      }
    }),
  );
});

const offersTo = (world: TestRollouts, n: number) =>
  (world.fleet.hosts.get(world.hostId(n))?.received ?? []).filter((frame) => frame.kind === 'offer');

test('agents that know it share a signature, and one that does not gets an envelope as ever', async () => {
  const world = await openTestRollouts(4);
  const old = world.fleet.hosts.get(world.hostId(1));
  assert.ok(old);
  old.lacks = ['batch-signature'];
  world.fleet.connect(old.id);

  const { id } = await world.run();
  await world.calm();

  assert.equal((await world.get(id)).counts.succeeded, 4);
  const batches = [0, 1, 2, 3].map((n) => offersTo(world, n).map(({ envelope }) => envelope.batch?.count));
  assert.deepEqual(batches, [[3], [undefined], [3], [3]]);
  await world.close();
});

test('an envelope that leaves alone carries a signature of its own', async () => {
  const world = await openTestRollouts(1);

  await world.run();
  await world.calm();

  assert.deepEqual(
    offersTo(world, 0).map(({ envelope }) => 'batch' in envelope),
    [false],
  );
  await world.close();
});
