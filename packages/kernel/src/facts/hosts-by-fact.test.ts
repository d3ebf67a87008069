import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { entryOf } from '../rollouts/open-test-rollouts.ts';
import { hostsByFact, shownHosts } from './hosts-by-fact.ts';

const spec = { name: 'size', body: z.object({ size: z.number() }) };
const host = (n: number, digest: string | null) => ({
  ...entryOf(`h_00000000000000000${n}`, `web-${n}`),
  facts: new Map(digest === null ? [] : [['size', { digest, seenAt: 0, since: 0 }]]),
});

test('each distinct body is read once, and hosts that said nothing readable are one group without', async () => {
  const read: string[] = [];
  const body = async (digest: string) => {
    read.push(digest);
    return digest === 'odd' ? { size: 'large' } : { size: digest.length };
  };
  const hosts = [host(1, 'aa'), host(2, 'bbb'), host(3, 'aa'), host(4, null), host(5, 'odd')];

  const found: unknown[] = [];
  for await (const group of hostsByFact(hosts, { body }, spec))
    found.push([group.body?.size ?? null, group.hosts.map(({ name }) => name)]);

  assert.deepEqual(found, [
    [2, ['web-1', 'web-3']],
    [3, ['web-2']],
    [null, ['web-4']],
    [null, ['web-5']],
  ]);
  assert.deepEqual(read, ['aa', 'bbb', 'odd']);
  assert.deepEqual(
    shownHosts(hosts.toReversed(), 2).map(({ name }) => name),
    ['web-1', 'web-2'],
  );
});
