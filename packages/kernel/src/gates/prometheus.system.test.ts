import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { until } from '@pilothouse/testkit';
import { type PrometheusServer, prometheusServer } from '@pilothouse/testkit/prometheus';
import { createPrometheus } from './prometheus.ts';

const exporter = createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4');
  response.end('shop_errors_total{shop="north"} 3\nshop_errors_total{shop="south"} 4\nshop_load +Inf\n');
});
let server: PrometheusServer | null = null;
const ask = (query: string) => createPrometheus({ url: server?.url ?? '', token: null }).query(query);

before(async () => {
  exporter.listen(0, '127.0.0.1');
  await once(exporter, 'listening');
  const { port } = exporter.address() as AddressInfo; // it listens on TCP
  server = await prometheusServer([`127.0.0.1:${port}`]);
  await until('the first scrape', 20_000, async () => {
    const answer = await ask('shop_errors_total');
    return answer.kind === 'samples' && answer.samples.length === 2;
  });
});

after(async () => {
  await server?.remove();
  exporter.close();
});

test('series come with their labels, a scalar as one number', async () => {
  const byShop = await ask('shop_errors_total');
  assert.equal(byShop.kind, 'samples');
  const values =
    byShop.kind === 'samples' && byShop.samples.map(({ labels, value }) => [labels['shop'], value]);
  assert.deepEqual(values, [
    ['north', 3],
    ['south', 4],
  ]);

  assert.deepEqual(await ask('scalar(sum(shop_errors_total))'), {
    kind: 'samples',
    samples: [{ labels: {}, value: 7 }],
  });
  const load = await ask('shop_load');
  assert.equal(load.kind === 'samples' && load.samples[0]?.value, Number.POSITIVE_INFINITY);
});

test('a query with a mistake is refused with the reason of Prometheus, and one over time with ours', async () => {
  const mistake = await ask('sum(shop_errors_total');
  assert.equal(mistake.kind, 'refused');
  assert.match(mistake.kind === 'refused' ? mistake.problem.en : '', /parse error/);

  const range = await ask('shop_errors_total[5m]');
  assert.equal(range.kind, 'refused');
});

test('nothing known is an empty answer, and nobody there is unreachable', async () => {
  assert.deepEqual(await ask('shop_errrors_total'), { kind: 'samples', samples: [] });

  const nobody = await createPrometheus({ url: 'http://127.0.0.1:9', token: null }).query('up');
  assert.equal(nobody.kind, 'unreachable');
});
