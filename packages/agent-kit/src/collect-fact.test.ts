import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@pilothouse/base';
import { defineFact, digestOfText } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { z } from 'zod';
import { collectFact } from './collect-fact.ts';
import { type Collected, type Collector, defineCollector } from './collector.ts';

type Answer = () => Promise<Collected<{ a: string; b: number }>>;

const collectorOf = (collect: Answer): Collector =>
  defineCollector({
    fact: defineFact({
      name: 'sample',
      title: { en: 'Sample', zh: '示例' },
      body: z.object({ b: z.number(), a: z.string() }),
      isShared: true,
      sizeBytesMax: 40,
      intervalMs: 1000,
    }),
    timeoutMs: 500,
    collect,
  });
const read = (collect: Answer) => collectFact(collectorOf(collect), { clock: systemClock });

test('names a body by the digest of its canonical form', async () => {
  const { report, text } = await read(async () => ({
    kind: 'present',
    body: Object.assign({ b: 1, a: 'x' }, { unknown: true }),
    unknownLines: 2,
  }));

  assert.equal(text, '{"a":"x","b":1}');
  assert.deepEqual(report, {
    kind: 'present',
    fact: 'sample',
    digest: digestOfText('{"a":"x","b":1}'),
    sizeBytes: 15,
    unknownLines: 2,
  });
});

test('a body that is wrong, too large, or broken in the making is absent with its reason', async () => {
  const wrong = await read(async () => ({
    kind: 'present',
    body: { a: 'x', b: Number.NaN },
    unknownLines: 0,
  }));
  const large = await read(async () => ({
    kind: 'present',
    body: { b: 1, a: 'x'.repeat(40) },
    unknownLines: 0,
  }));
  const broken = await read(async () => {
    throw new Error('read /proc/nothing');
  });

  assert.deepEqual(
    [wrong, large, broken].map(({ report }) => report.kind === 'absent' && report.reason),
    ['failed', 'too-large', 'failed'],
  );
  assert.equal(broken.report.kind === 'absent' && broken.report.detail, 'read /proc/nothing');
});

test('a collector that hangs is given up at its time limit and its programs are told', async () => {
  const clock = fakeClock();
  let isTold = false;
  const reading = collectFact(
    collectorOf(() => new Promise(() => {})),
    {
      clock,
      host: (signal) => {
        signal.addEventListener('abort', () => (isTold = true));
        return {} as never; // The collector of this test looks at nothing.
      },
    },
  );
  clock.advance(501);
  const { report } = await reading;

  assert.deepEqual(report, {
    kind: 'absent',
    fact: 'sample',
    reason: 'failed',
    detail: 'took longer than 500 ms',
    why: { en: 'took longer than 500 ms', zh: '耗时超过 500 毫秒' },
  });
  assert.ok(isTold);
});
