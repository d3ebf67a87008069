import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Collector, defineCollector, type FactWatch } from '@pilothouse/agent-kit';
import { defineFact, digestOfText, type FactReport } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { z } from 'zod';
import { collectHere } from './collect-here.ts';
import { createFactScheduler } from './fact-scheduler.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LOOK_MS = 10_000;
const noHost = {
  readText: async () => null,
  readNow: () => null,
  list: async () => null,
  run: async () => null,
  statFileSystem: async () => null,
  changedAt: async () => null,
};

function setUp(names: readonly string[], intervals: Readonly<Record<string, number>> = {}) {
  const clock = fakeClock();
  const values = new Map(names.map((name) => [name, 1]));
  const runs: string[] = [];
  const sent: FactReport[][] = [];
  const along: string[][] = [];
  const bodies = new Map<string, string>();
  const rounds: (readonly string[] | null)[] = [];
  const signatures = new Map<string, string>();
  const watches: FactWatch[] = [];
  const disk = { isFull: false, isBroken: false };
  let settled = (): void => {};
  const collectors: Collector[] = names.map((name) =>
    defineCollector({
      fact: defineFact({
        name,
        title: { en: name, zh: name },
        body: z.object({ n: z.number() }),
        isShared: !name.startsWith('own'),
        sizeBytesMax: 100,
        intervalMs: intervals[name] ?? 10 * MINUTE_MS,
      }),
      timeoutMs: 1000,
      sources: [`/sources/${name}`],
      async collect() {
        runs.push(name);
        return { kind: 'present', body: { n: values.get(name) ?? 0 }, unknownLines: 0 };
      },
    }),
  );
  const kept = {
    put(fact: string, text: string) {
      if (disk.isFull) return false;
      bodies.set(fact, text);
      return true;
    },
    get: (fact: string, digest: string) => {
      const text = bodies.get(fact);
      return text !== undefined && digestOfText(text) === digest ? text : null;
    },
  };
  const here = collectHere(collectors, { bodies: kept, clock });
  const scheduler = createFactScheduler({
    collection: {
      ...here,
      async collect(names, listener) {
        rounds.push(names);
        if (disk.isBroken) throw new Error('no process');
        await here.collect(names, listener);
      },
    },
    clock,
    random: () => 0.5,
    log: { info() {}, warn() {}, error() {} },
    signs: { signatureOf: (path) => signatures.get(path) ?? '-', watches, host: noHost },
    bodies: kept,
    settled: () => settled(),
    report: (reports, _collectedAt, texts) => {
      sent.push(reports);
      along.push(texts);
      return true;
    },
  });
  const round = () => new Promise<void>((resolve) => (settled = resolve));
  return { clock, scheduler, values, runs, rounds, sent, along, bodies, disk, round, signatures, watches };
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

test('a round takes along what would be due soon', async () => {
  const { clock, scheduler, rounds, round } = setUp(['a', 'b', 'c'], {
    b: 12 * MINUTE_MS,
    c: 60 * MINUTE_MS,
  });
  const first = round();
  scheduler.start();
  await first;
  const second = round();
  clock.advance(10 * MINUTE_MS);
  await second;

  assert.deepEqual(rounds, [null, ['a', 'b']]);
});

test('a round that failed is tried again after a while, not at once', async () => {
  const { clock, scheduler, rounds, disk, round } = setUp(['a']);
  disk.isBroken = true;
  const first = round();
  scheduler.start();
  await first;
  clock.advance(9 * MINUTE_MS);
  assert.deepEqual(rounds, [null]);

  disk.isBroken = false;
  const second = round();
  clock.advance(MINUTE_MS);
  await second;
  assert.deepEqual(rounds, [null, null]);

  disk.isBroken = true;
  const third = round();
  clock.advance(10 * MINUTE_MS);
  await third;
  clock.advance(9 * MINUTE_MS);
  assert.deepEqual(rounds, [null, null, ['a']]);
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
  clock.advance(10 * MINUTE_MS);
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

test('gives a body also when the disk is full', async () => {
  const { scheduler, bodies, disk, round } = setUp(['a']);
  disk.isFull = true;
  const first = round();
  scheduler.start();
  await first;

  assert.equal(bodies.size, 0);
  assert.equal(await scheduler.body(digestOf(1)), '{"n":1}');
});

test("a body that is the host's own travels with its report, and not again when the report is repeated", async () => {
  const { clock, scheduler, along, round } = setUp(['a', 'own-b']);
  const first = round();
  scheduler.start();
  await first;

  scheduler.welcomed({});
  clock.advance(6 * 60 * MINUTE_MS);

  assert.deepEqual(along[0], ['{"n":1}']);
  assert.ok(along.length > 1);
  assert.deepEqual(along.slice(1).flat(), []);
});

test('what is asked for is said again, changed or not, before the answer that it was collected', async () => {
  const { scheduler, sent, round, runs } = setUp(['a', 'b']);
  const first = round();
  scheduler.start();
  await first;
  scheduler.welcomed({ a: digestOf(1), b: digestOf(1) });
  assert.equal(sent.length, 0);

  const answered = new Promise<number>((resolve) => scheduler.collect(['a'], () => resolve(sent.length)));

  assert.equal(await answered, 1);
  assert.deepEqual(
    sent[0]?.map(({ fact }) => fact),
    ['a'],
  );
  assert.deepEqual(runs, ['a', 'b', 'a']);
});

test('whoever asks while a round is under way is answered by the next one', async () => {
  const { scheduler, runs, round } = setUp(['a']);
  const first = round();
  scheduler.start();
  const answered = new Promise<readonly string[]>((resolve) =>
    scheduler.collect(['a'], () => resolve([...runs])),
  );

  await first;

  assert.deepEqual(await answered, ['a', 'a']);
});

test('a file behind a fact that changed and came to rest has that fact collected, and no other', async () => {
  const { clock, scheduler, rounds, round, signatures } = setUp(['a', 'b'], { a: HOUR_MS, b: HOUR_MS });
  const first = round();
  scheduler.start();
  await first;
  const second = round();
  signatures.set('/sources/a', 'another');
  clock.advance(LOOK_MS);
  assert.deepEqual(rounds, [null], 'it may still be written');
  clock.advance(LOOK_MS);
  await second;

  assert.deepEqual(rounds, [null, ['a']]);
});

test('what a plugin watches has its fact collected when it looks different', async () => {
  const { clock, scheduler, rounds, round, watches } = setUp(['a', 'b'], { a: HOUR_MS, b: HOUR_MS });
  let text: string | null = 'one';
  watches.push({ fact: 'b', intervalMs: MINUTE_MS, look: async () => text });
  const looked = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await setImmediate();
  };
  const first = round();
  scheduler.start();
  await first;

  for (const [seen, roundsCount] of [
    ['one', 1],
    [null, 1],
    ['one', 1],
    ['two', 2],
  ] as const) {
    text = seen;
    await looked(MINUTE_MS);
    await looked(LOOK_MS);
    assert.equal(rounds.length, roundsCount, `${seen}`);
  }
  assert.deepEqual(rounds.at(-1), ['b']);
});
