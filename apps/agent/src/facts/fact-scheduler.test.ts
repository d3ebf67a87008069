import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Collector, defineCollector } from '@pilothouse/agent-kit';
import { defineFact, digestOfText, type FactReport } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { z } from 'zod';
import { createFactScheduler } from './fact-scheduler.ts';

const MINUTE_MS = 60_000;

function setUp(names: readonly string[]) {
  const clock = fakeClock();
  const values = new Map(names.map((name) => [name, 1]));
  const runs: string[] = [];
  const sent: FactReport[][] = [];
  const bodies = new Map<string, { digest: string; text: string }>();
  let settled = (): void => {};
  const collectors: Collector[] = names.map((name) =>
    defineCollector({
      fact: defineFact({
        name,
        title: { en: name, zh: name },
        body: z.object({ n: z.number() }),
        isShared: true,
        sizeBytesMax: 100,
        intervalMs: 10 * MINUTE_MS,
      }),
      timeoutMs: 1000,
      async collect() {
        runs.push(name);
        return { kind: 'present', body: { n: values.get(name) ?? 0 }, unknownLines: 0 };
      },
    }),
  );
  const scheduler = createFactScheduler({
    collectors,
    clock,
    random: () => 0.5,
    log: { info() {}, warn() {}, error() {} },
    modifiedAt: () => null,
    bodies: {
      put: (fact, body) => void bodies.set(fact, body),
      get: (fact, digest) => (bodies.get(fact)?.digest === digest ? (bodies.get(fact)?.text ?? null) : null),
    },
    settled: () => settled(),
    report: (reports) => {
      sent.push(reports);
      return true;
    },
  });
  const round = () => new Promise<void>((resolve) => (settled = resolve));
  return { clock, scheduler, values, runs, sent, bodies, round };
}
const digestOf = (n: number): string => digestOfText(`{"n":${n}}`);

test('collects everything at the start, then each fact at its interval', async () => {
  const { clock, scheduler, runs, round } = setUp(['a', 'b']);
  const first = round();
  scheduler.start();
  await first;
  const second = round();
  clock.advance(10 * MINUTE_MS);
  await second;

  assert.deepEqual(runs, ['a', 'b', 'a', 'b']);
});

test('tells only what the server does not hold, and everything after some hours', async () => {
  const { clock, scheduler, values, sent, round } = setUp(['a', 'b']);
  const first = round();
  scheduler.start();
  await first;
  assert.equal(sent.length, 0, 'nobody hears it yet');

  scheduler.welcomed({ a: digestOf(1) });
  assert.deepEqual(
    sent.map((reports) => reports.map(({ fact }) => fact)),
    [['b']],
  );

  values.set('a', 2);
  const second = round();
  scheduler.collect([]);
  await second;
  assert.deepEqual(
    sent.slice(1).map((reports) => reports.map(({ fact }) => fact)),
    [['a']],
  );

  scheduler.stop();
  const full = sent.length;
  clock.advance(6 * 3_600_000);
  assert.equal(sent.length, full, 'a stopped scheduler says nothing');
});

test('confirms all facts every few hours', async () => {
  const { clock, scheduler, sent, round } = setUp(['a', 'b']);
  const first = round();
  scheduler.start();
  await first;
  scheduler.welcomed({ a: digestOf(1), b: digestOf(1) });
  assert.equal(sent.length, 0);
  clock.advance(6 * 3_600_000);

  assert.deepEqual(
    sent[0]?.map(({ fact }) => fact),
    ['a', 'b'],
  );
});

test('gives the body of a current fact, collected again when it was lost', async () => {
  const { scheduler, bodies, round } = setUp(['a']);
  const first = round();
  scheduler.start();
  await first;

  assert.equal(await scheduler.body(digestOf(1)), '{"n":1}');
  bodies.clear();
  assert.equal(await scheduler.body(digestOf(1)), '{"n":1}');
  assert.equal(await scheduler.body(digestOf(7)), null);
});
