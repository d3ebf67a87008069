/** An hour of a fleet in minutes: heartbeats, rounds of facts, commands and broken lines come that much faster. */
import { setTimeout as delay } from 'node:timers/promises';
import { HOUR_MS } from '@pilothouse/base';
import { hostsRoutes } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { HEARTBEAT_INTERVAL_MS } from '@pilothouse/wire';
import type { BenchContext } from './benchmark.ts';
import { fanOut, NOBODY } from './fanout.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import { untilSaid } from './frame/fact-progress.ts';
import { type MemorySample, sampleMemory } from './frame/memory-sample.ts';
import { CONCURRENT, type Scene } from './frame/prepared-fleets.ts';
import { cpuSeconds } from './frame/process-usage.ts';

/** So that the heartbeats of the hour are work for a part of one core. */
const HOSTS_MAX = 2_000;
const TIMES_FASTER = 30;
/** The interval of the facts that are looked at most often, and of somebody who runs a command everywhere. */
const SLICES = 12;
/** Of all sessions, in each slice. */
const BROKEN_SHARE = 0.05;
const GROWTH_MAX_PERCENT = 5;

export async function memoryOverAnHour({ hosts, fleets, say }: BenchContext): Promise<Figure[]> {
  const size = Math.min(hosts, HOSTS_MAX);
  const scene = await fleets.open({
    hosts: size,
    hasFacts: true,
    heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS / TIMES_FASTER,
  });
  const { fleet, stage } = scene;
  try {
    say(`connect ${size} hosts that say what they are`);
    await fleet.all('connect', { concurrent: CONCURRENT });
    await fleet.all('keep', null);
    await untilSaid(stage, size);
    const samples: MemorySample[] = [];
    const cpuBefore = cpuSeconds(stage.server.pid);
    const began = performance.now();
    for (let slice = 1; slice <= SLICES; slice++) {
      await passSlice(scene, slice);
      if (slice === 1 || slice === SLICES / 2 || slice === SLICES) {
        samples.push(await sampleMemory(stage, (text) => say(`slice ${slice} of ${SLICES}: ${text}`)));
      }
    }
    const cpuShare = (cpuSeconds(stage.server.pid) - cpuBefore) / ((performance.now() - began) / 1000);
    return figuresOf(size, samples, cpuShare);
  } finally {
    await scene.close();
  }
}

/** A day's changes, a command on every host, some lines that break, and a look at the hosts. */
async function passSlice(scene: Scene, slice: number): Promise<void> {
  const { fleet, stage } = scene;
  const sliceMs = HOUR_MS / SLICES / TIMES_FASTER;
  const over = delay(sliceMs);
  await fleet.all('cutSome', { share: BROKEN_SHARE });
  await fleet.all('churn', { kind: 'everyday', day: slice, spreadMs: sliceMs / 2 });
  await stage.client.call(hostsRoutes.list, { query: { limit: 1000 } });
  await until('the fleet to be back', 120_000, async () => (await fleet.state()).connected === fleet.size);
  await fanOut(scene, NOBODY);
  await over;
}

function figuresOf(hosts: number, samples: readonly MemorySample[], cpuShare: number): Figure[] {
  const [first, middle, last] = samples;
  if (first === undefined || middle === undefined || last === undefined) return [];
  const title = `an hour of ${hosts} hosts, ${TIMES_FASTER} times faster`;
  const growth = (of: (sample: MemorySample) => number): number => (of(last) / of(first) - 1) * 100;
  return [
    plain(`${title}: private memory after five minutes`, first.privateBytes / 1e6, 'MB'),
    plain(`${title}: after half of it`, middle.privateBytes / 1e6, 'MB'),
    plain(`${title}: at its end`, last.privateBytes / 1e6, 'MB'),
    ceiling(
      `${title}: growth of the heap meanwhile`,
      growth((sample) => sample.heapBytes),
      '%',
      GROWTH_MAX_PERCENT,
    ),
    ceiling(
      `${title}: growth of private memory`,
      growth((sample) => sample.privateBytes),
      '%',
      GROWTH_MAX_PERCENT,
    ),
    plain(`${title}: server, of a core`, cpuShare * 100, '%'),
  ];
}
