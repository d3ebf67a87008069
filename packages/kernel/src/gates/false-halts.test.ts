/**
 * How often a comparison halts rollouts in which nothing broke, through the whole judge: several measures, after every wave.
 * The figures are drawn by a generator with a seed, so a run is the same everywhere.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ComparedMeasure, Gate, HostId } from '@pilothouse/contract';
import { judgeCompare } from './judge-compare.ts';

const RATE = 0.1;
/** Exact counting costs about the cube of it. */
const HOSTS = 20;
const WAVES = 5;
const ROLLOUTS = 200;
const HOSTS_PER_WAVE = HOSTS / WAVES;

type CompareGate = Extract<Gate, { kind: 'compare' }>;
const measure = (query: string): ComparedMeasure => ({
  kind: 'promql',
  query,
  hostLabel: 'host',
  worse: 'higher',
});
const gate = (after: CompareGate['after'], queries: readonly string[]): CompareGate => ({
  kind: 'compare',
  name: 'no worse',
  after,
  measures: queries.map(measure),
  falseHaltRate: RATE,
  soakMs: 0,
});
const names = Array.from({ length: HOSTS }, (_, index) => `h${index}`);

/** Mulberry32. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Each answer is new: every host's figure is drawn anew, by the same law for all. */
function healthyWorld(seed: number) {
  const next = uniform(seed);
  const query = async () => ({
    kind: 'samples' as const,
    samples: names.map((host) => ({ labels: { host }, value: -Math.log(1 - next()) })),
  });
  const hosts = new Map(names.map((name) => [name, { name, address: name }]));
  // The judge reads names, addresses and the answers of queries alone.
  return { prometheus: { query }, hosts: { index: hosts } } as unknown as Parameters<typeof judgeCompare>[0];
}

async function isHalted(deps: Parameters<typeof judgeCompare>[0], of: CompareGate): Promise<boolean> {
  for (let wave = 0; wave < WAVES - 1; wave++) {
    if (of.after !== 'each' && of.after !== wave + 1) continue;
    const touched = names.slice(0, (wave + 1) * HOSTS_PER_WAVE);
    const verdict = await judgeCompare(deps, of, {
      rolloutId: 'r',
      wave,
      wavesCount: WAVES,
      waveEndedAt: 0,
      startedAt: 0,
      isSoakOver: true,
      touched: touched.map((hostId: HostId) => ({ hostId, state: 'succeeded', wave: 0 })),
      untouched: names.slice(touched.length),
    });
    assert.notEqual(verdict.kind, 'undetermined', JSON.stringify(verdict));
    if (verdict.kind === 'fails') return true;
  }
  return false;
}

for (const [what, of] of [
  ['one measure after the canary', gate(1, ['a'])],
  ['four measures after the canary', gate(1, ['a', 'b', 'c', 'd'])],
  ['one measure after each wave', gate('each', ['a'])],
  ['three measures after each wave', gate('each', ['a', 'b', 'c'])],
] as const)
  test(`of healthy rollouts no more are halted than the gate says: ${what}`, async () => {
    const deps = healthyWorld(11);
    let halted = 0;
    for (let rollout = 0; rollout < ROLLOUTS; rollout++) if (await isHalted(deps, of)) halted += 1;

    const rate = halted / ROLLOUTS;
    // Three standard deviations of such a count.
    assert.ok(rate <= RATE + 3 * Math.sqrt((RATE * (1 - RATE)) / ROLLOUTS), `${rate} of them were halted`);
    assert.ok(rate > RATE / 5, `${rate}: it would see nothing at all`);
  });
