/** What a connected host costs the server in private memory, once, after the fleet came back several times, and over an hour. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@pilothouse/testkit';
import { type BenchContext, type Benchmark, HOSTS_OF_ALL } from './benchmark.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import { type MemorySample, sampleMemory } from './frame/memory-sample.ts';
import { CONCURRENT } from './frame/prepared-fleets.ts';
import { cpuSeconds, descriptors } from './frame/process-usage.ts';
import { memoryOverAnHour } from './memory-hour.ts';

const STORMS = 5;
/** After this the first heartbeats have come and what the handshakes needed is free. */
const SETTLE_MS = 12_000;

export const memory: Benchmark = {
  hosts: 10_000,
  hostsOfAll: HOSTS_OF_ALL,
  async run(context) {
    const figures = await overStorms(context);
    return { figures: [...figures, ...(await memoryOverAnHour(context))] };
  },
};

async function overStorms({
  hosts,
  processes,
  fleets,
  profileDirectory,
  say,
}: BenchContext): Promise<Figure[]> {
  const scene = await fleets.open({ hosts, processes });
  const { fleet } = scene;
  try {
    const idle = await sampleMemory(scene.stage, say);
    say(`connect ${hosts} hosts`);
    const endProfile = await scene.stage.profile(profileDirectory, 'connect');
    const cpu = (): number => scene.stage.pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0);
    const cpuBefore = cpu();
    const began = performance.now();
    await fleet.all('connect', { concurrent: CONCURRENT });
    const connectSeconds = (performance.now() - began) / 1000;
    const connectCpuSeconds = cpu() - cpuBefore;
    await endProfile();
    await delay(SETTLE_MS);
    const connected = await sampleMemory(scene.stage, say);
    await fleet.all('keep', null);
    for (let storm = 1; storm <= STORMS; storm++) {
      say(`reconnect storm ${storm} of ${STORMS}`);
      await fleet.all('cut', null);
      await delay(500);
      await until('the fleet to be back', 120_000, async () => (await fleet.state()).connected === hosts);
    }
    await delay(SETTLE_MS);
    const after = await sampleMemory(scene.stage, say);
    const descriptorsMax = Math.max(...scene.stage.pids().map(descriptors));
    return figuresOf(hosts, {
      ...{ idle, connected, after },
      ...{ connectSeconds, connectCpuSeconds, descriptorsMax },
    });
  } finally {
    await scene.close();
  }
}

function figuresOf(
  hosts: number,
  seen: {
    idle: MemorySample;
    connected: MemorySample;
    after: MemorySample;
    connectSeconds: number;
    connectCpuSeconds: number;
    descriptorsMax: number;
  },
): Figure[] {
  const { idle, connected, after } = seen;
  const each = (bytes: number): number => bytes / hosts / 1000;
  return [
    plain('connect, all sessions, without tickets', seen.connectSeconds, 's'),
    plain("server's processor time a session", (seen.connectCpuSeconds * 1000) / hosts, 'ms'),
    plain('open files and connections of the fullest process', seen.descriptorsMax, ''),
    plain('server with every host enrolled and none connected', idle.privateBytes / 1e6, 'MB'),
    ceiling('a connected host', each(connected.privateBytes - idle.privateBytes), 'kB', 80),
    plain('of it JavaScript heap', each(connected.heapBytes - idle.heapBytes), 'kB'),
    plain('of it buffers', each(connected.externalBytes - idle.externalBytes), 'kB'),
    ceiling(
      `the same after ${STORMS} reconnect storms`,
      each(after.privateBytes - idle.privateBytes),
      'kB',
      80,
    ),
    ceiling(
      'growth of the heap over the storms',
      ((after.heapBytes - connected.heapBytes) / connected.heapBytes) * 100,
      '%',
      5,
    ),
  ];
}
