/** What a dashboard is written against: names, types and labels, judged by Prometheus's own tool. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { sessionRoutes, systemRoutes } from '@pilothouse/contract';
import { METRICS, type MetricSpec } from './http/metric-table.ts';
import { openTestKernel } from './open-test-kernel.ts';

async function scraped(): Promise<string> {
  const kernel = await openTestKernel();
  await kernel.addHost({ name: 'web-1' });
  const setup = await kernel.inject({
    method: 'POST',
    url: sessionRoutes.setup.path,
    payload: {
      code: await kernel.newSetupCode(),
      name: 'ada',
      password: 'correct horse battery',
      tokenName: 'm',
    },
  });
  const answer = await kernel.inject({
    url: systemRoutes.metrics.path,
    headers: { authorization: `Bearer ${setup.json().token}` },
  });
  await kernel.close();
  return answer.body;
}

test('every measure of the table is there with its type, and none that the table does not know', async () => {
  const text = await scraped();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));

  for (const [name, { type, labels = [] }] of Object.entries<MetricSpec>(METRICS)) {
    assert.equal(types.get(name), type, name);
    assert.match(name, /^pilothouse_[a-z_]+$/);
    if (type === 'counter') assert.match(name, /_total$/);
    if (type === 'histogram') assert.match(name, /_seconds$/);
    for (const label of labels) assert.match(label, /^[a-z]+$/);
  }
  const known = new Set(Object.keys(METRICS));
  // The runtime's own come with its library: processor, memory, descriptors, event loop.
  const own = [...types.keys()].filter((name) => !/^pilothouse_(nodejs|process)_/.test(name ?? ''));
  assert.deepEqual(
    own.filter((name) => !known.has(name ?? '')),
    [],
  );
  assert.ok(types.has('pilothouse_nodejs_eventloop_lag_p99_seconds'));
});

test('what was done is counted, and Prometheus reads it all without a complaint', async () => {
  const text = await scraped();

  assert.match(text, /^pilothouse_store_transaction_seconds_count\{outcome="committed"\} [1-9]/m);
  assert.match(text, /^pilothouse_gateway_handshakes_total\{kind="full"\} 0$/m);
  assert.match(text, /^pilothouse_hosts 1$/m);
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  // The runtime's library names a few of its own measures against the conventions.
  const complaints = checked.stderr
    .split('\n')
    .filter((line) => line !== '' && !/^pilothouse_(nodejs|process)_/.test(line));
  assert.deepEqual(complaints, [], String(checked.error));
});
