import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHostAccess } from '@pilothouse/agent-kit';
import { agentPlugins } from '../plugins.ts';
import { createKernelReader } from '../read-kernel-file.ts';
import { changedAt } from './source-signature.ts';

test('every watch is for a fact of its own plugin', async () => {
  for (const { id, watches = [], collectors } of agentPlugins) {
    const facts = (await collectors()).map(({ fact }) => fact.name);
    for (const { fact } of watches) assert.ok(facts.includes(fact), `${id}: ${fact}`);
  }
});

test('on a host where nothing changes a look shows the same twice', async () => {
  const host = { ...createHostAccess(), changedAt, readNow: createKernelReader() };
  for (const watch of agentPlugins.flatMap(({ watches = [] }) => watches)) {
    // Others work on this machine: what they change between two looks is no fault of the look.
    const texts = new Set<string | null>();
    for (let times = 0; times < 4; times++) texts.add(await watch.look(host));
    assert.ok(texts.size < 4, `${watch.fact} is never twice the same`);
  }
});
