import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsRoutes } from '@pilothouse/contract';
import { filesRoutes } from '@pilothouse/plugin-files/contract';
import { signedInCli } from './signed-in-cli.ts';
import { TEST_NOW } from './test-cli.ts';
import { problem } from './test-server.ts';

const cli = signedInCli();
const run = (...line: string[]) => cli.run(line);

const hostId = 'h_000000000000000001';
const at = new Date(TEST_NOW).toISOString();
const collected = (state: 'collected' | 'offline', facts: readonly string[]) => ({
  facts,
  hosts: [{ hostId, hostName: 'web-1', state }],
  counts: { collected: 0, asked: 0, late: 0, offline: 0, [state]: 1 },
});
const span = (fact: string) => ({
  fact,
  report: { kind: 'present', fact, digest: 'a'.repeat(64), sizeBytes: 12, unknownLines: 0 },
  from: at,
  to: null,
  seenAt: at,
});

test('collects named facts of a host, and all that it reports when none is named', async () => {
  cli.server.on(factsRoutes.collect, { json: collected('collected', ['os']) });
  cli.server.on(factsRoutes.current, { json: { hostId, items: [span('os'), span('kernel')] } });

  const one = await run('facts', 'collect', hostId, 'os');
  const all = await run('facts', 'collect', hostId);

  assert.deepEqual([one.exit, all.exit], [0, 0]);
  assert.deepEqual(
    cli.server
      .requests(factsRoutes.collect)
      .map(({ body }) => [(body as { facts: unknown }).facts, (body as { target: unknown }).target]),
    [
      [['os'], { hostIds: [hostId] }],
      [['os', 'kernel'], { hostIds: [hostId] }],
    ],
  );
  assert.match(one.out, /^os /m);
  assert.doesNotMatch(one.out, /^kernel /m);
});

test('a host that could not be asked is said so, in the exit code too', async () => {
  cli.server.on(factsRoutes.collect, { json: collected('offline', ['os']) });
  cli.server.on(factsRoutes.current, { json: { hostId, items: [span('os')] } });

  const { exit, err } = await run('facts', 'collect', hostId, 'os', '--lang', 'zh');

  assert.equal(exit, 1);
  assert.match(err, /1 台离线/);
});

test('a status with --fresh lets the hosts look first', async () => {
  cli.server.on(factsRoutes.collect, { json: collected('collected', ['managed-files']) });
  cli.server.on(filesRoutes.states, { json: { groups: [], leftOut: 0, unknownCount: 0 } });

  const { exit } = await run('file', 'status', '--fresh', '-s', 'label.a == "b"');
  await run('file', 'status');

  assert.equal(exit, 0);
  assert.deepEqual(
    cli.server.seen.map(({ id }) => id),
    ['facts.collect', 'files.states', 'files.states'],
  );
  const body = cli.server.seen[0]?.body as { target: unknown; facts: unknown };
  assert.deepEqual([body.target, body.facts], [{ selector: 'label.a == "b"' }, ['managed-files']]);
});

test('a refusal to ask is told with its next step', async () => {
  cli.server.on(factsRoutes.collect, problem(422, 'FACT_COLLECT_TOO_MANY', { count: 5000, limit: 1000 }));

  const { exit, err } = await run('file', 'status', '--fresh');

  assert.notEqual(exit, 0);
  assert.match(err, /FACT_COLLECT_TOO_MANY/);
});
