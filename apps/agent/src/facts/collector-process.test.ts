import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@pilothouse/base';
import { until } from '@pilothouse/testkit';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { createCollectorProcess } from './collector-process.ts';
import type { FactOffer, FoundFact } from './fact-collection.ts';

const DIGEST = 'a'.repeat(64);
const OFFER = ['a', 'b', 'c'].map((name) => ({
  name,
  isShared: true,
  intervalMs: 60_000,
  timeoutMs: 1000,
  sources: [],
}));

/** A collecting process that is a program of the test: `facts` are the names it was asked for. */
function collectorOf(program: string, clock = systemClock) {
  const prelude = `
    const facts = process.argv.slice(1).length > 0 ? process.argv.slice(1) : ['a', 'b', 'c'];
    const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
    const offer = () => say({ kind: 'offered', facts: ${JSON.stringify(OFFER)} });
    const find = (fact) => say({ kind: 'found', text: null,
      report: { kind: 'present', fact, digest: '${DIGEST}', sizeBytes: 2, unknownLines: 0 } });
  `;
  const warned: unknown[] = [];
  const offered: (readonly FactOffer[])[] = [];
  const found: FoundFact[] = [];
  const collection = createCollectorProcess({
    command: [process.execPath, '--eval', prelude + program, '--'],
    clock,
    log: { info() {}, error() {}, warn: (_, fields) => warned.push(fields) },
  });
  const listener = {
    offered: (facts: readonly FactOffer[]) => void offered.push(facts),
    found: (fact: FoundFact) => void found.push(fact),
  };
  const collect = (names: readonly string[] | null) => collection.collect(names, listener);
  const told = () =>
    found.map(({ report }) => `${report.fact} ${report.kind === 'absent' ? report.detail : 'present'}`);
  return { collection, collect, offered, warned, told };
}

test('hands on what the process says', async () => {
  const { collect, offered, told, warned } = collectorOf('offer(); facts.forEach(find)');

  await collect(null);
  await collect(['b']);

  assert.deepEqual(offered, [OFFER, OFFER]);
  assert.deepEqual(told(), ['a present', 'b present', 'c present', 'b present']);
  assert.deepEqual(warned, []);
});

test('a crash is an absence of the fact it happened at, and hides no other', async () => {
  const { collect, told, warned } = collectorOf(
    `offer(); for (const fact of facts) { if (fact === 'b') process.kill(process.pid, 'SIGKILL'); else find(fact); }`,
  );

  await collect(null);

  assert.deepEqual(told(), ['a present', 'b collect in a process of its own: ended by SIGKILL', 'c present']);
  assert.equal(warned.length, 1);
});

test('an exit that leaves facts out is a failure, too', async () => {
  const { collect, told } = collectorOf(`offer(); find(facts[0])`);

  await collect(['a', 'b']);

  assert.deepEqual(told(), ['a present', 'b collect in a process of its own: it ended before it was done']);
});

test('a process that hangs is ended when its time is up, deaf or not', async () => {
  const clock = fakeClock();
  const { collect, offered, told } = collectorOf(
    `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);
     offer(); for (const fact of facts) { if (fact === 'b') break; find(fact); }`,
    clock,
  );

  const done = collect(['a', 'b']);
  await until('the first fact to be found', 10_000, async () => (told().length > 0 ? true : null));
  assert.equal(offered.length, 1);
  clock.advance(32_000);
  clock.advance(2_000);
  await done;

  assert.deepEqual(told(), ['a present', 'b collect in a process of its own: killed after 32 s']);
});

test('what is no line of a collector ends it', async () => {
  const { collect } = collectorOf(`console.log('{"kind":"offered"}'); setInterval(() => {}, 1000)`);
  const endless = collectorOf(
    `offer(); const write = () => process.stdout.write('x'.repeat(65536), write); write()`,
  );

  await assert.rejects(collect(null), /it wrote what is no line of a collector/);
  await endless.collect(['a']);

  assert.match(endless.told()[0] ?? '', /^a collect in a process of its own: it wrote a line of more than/);
});

test('a program that is not there fails the round and not the agent', async () => {
  const collection = createCollectorProcess({
    command: ['/no/such/program'],
    clock: systemClock,
    log: { info() {}, warn() {}, error() {} },
  });

  await assert.rejects(collection.collect(null, { offered() {}, found() {} }), /ENOENT/);
});

test('stopping ends the process that is under way, and nothing more is told', async () => {
  const { collection, collect, told } = collectorOf(`offer(); find('a'); setInterval(() => {}, 1000)`);

  const done = collect(null);
  await until('the first fact to be found', 10_000, async () => (told().length > 0 ? true : null));
  collection.stop();
  await done;

  assert.deepEqual(told(), ['a present']);
});
