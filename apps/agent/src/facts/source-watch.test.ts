import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineCollector } from '@pilothouse/agent-kit';
import { defineFact } from '@pilothouse/contract';
import { z } from 'zod';
import { createSourceWatch } from './source-watch.ts';

const collector = defineCollector({
  fact: defineFact({
    name: 'packages',
    title: { en: 'packages', zh: 'packages' },
    body: z.object({}),
    isShared: true,
    sizeBytesMax: 100,
    intervalMs: 60_000,
  }),
  timeoutMs: 1000,
  sources: ['/status', '/absent'],
  collect: () => Promise.resolve({ kind: 'present', body: {}, unknownLines: 0 }),
});

test('names a fact once when its source has changed and come to rest', () => {
  let time: number | null = 1;
  const watch = createSourceWatch([collector], (path) => (path === '/status' ? time : null));

  assert.deepEqual(watch.look(), [], 'nothing changed');
  time = 2;
  assert.deepEqual(watch.look(), [], 'it may still be written');
  time = 3;
  assert.deepEqual(watch.look(), [], 'and it was');
  assert.deepEqual(watch.look(), ['packages']);
  assert.deepEqual(watch.look(), [], 'once');
  time = null;
  watch.look();
  assert.deepEqual(watch.look(), ['packages'], 'a source that went is a change');
});
