/** What a connected host costs the server in private memory, once and after the fleet came back several times. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@pilothouse/testkit';
import type { Benchmark } from './benchmark.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import { CONCURRENT, type Scene } from './frame/prepared-fleets.ts';
import { cpuSeconds, privateBytes } from './frame/process-usage.ts';

const STORMS = 5;
/** After this the first heartbeats have come and what the handshakes needed is free. */
const SETTLE_MS = 12_000;

interface Sample {
  readonly privateBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
}

async function sample({ stage }: Scene, say: (text: string) => void): Promise<Sample> {
  const before = privateBytes(stage.server.pid);
  const { heapUsed, heapTotal, external } = await stage.probe.ask('memory');
  const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  say(
    `the server holds ${mb(before)}, ${mb(privateBytes(stage.server.pid))} once its heap is collected: ` +
      `${mb(heapTotal)} heap with ${mb(heapUsed)} in use`,
  );
  return { privateBytes: privateBytes(stage.server.pid), heapBytes: heapUsed, externalBytes: external };
}

export const memory: Benchmark = {
  hosts: 10_000,
  async run({ hosts, fleets, profileDirectory, say }) {
    const scene = await fleets.open({ hosts });
    const { fleet } = scene;
    try {
      const idle = await sample(scene, say);
      say(`connect ${hosts} hosts`);
      const { pid } = scene.stage.server;
      const endProfile = await scene.stage.profile(profileDirectory, 'connect');
      const cpuBefore = cpuSeconds(pid);
      const began = performance.now();
      await fleet.all('connect', { concurrent: CONCURRENT });
      const connectSeconds = (performance.now() - began) / 1000;
      const connectCpuSeconds = cpuSeconds(pid) - cpuBefore;
      await endProfile();
      await delay(SETTLE_MS);
      const connected = await sample(scene, say);
      await fleet.all('keep', null);
      for (let storm = 1; storm <= STORMS; storm++) {
        say(`reconnect storm ${storm} of ${STORMS}`);
        await fleet.all('cut', null);
        await delay(500);
        await until('the fleet to be back', 120_000, async () => (await fleet.state()).connected === hosts);
      }
      await delay(SETTLE_MS);
      const after = await sample(scene, say);
      return { figures: figuresOf(hosts, { idle, connected, after, connectSeconds, connectCpuSeconds }) };
    } finally {
      await scene.close();
    }
  },
};

function figuresOf(
  hosts: number,
  seen: {
    idle: Sample;
    connected: Sample;
    after: Sample;
    connectSeconds: number;
    connectCpuSeconds: number;
  },
): Figure[] {
  const { idle, connected, after } = seen;
  const each = (bytes: number): number => bytes / hosts / 1000;
  return [
    plain('connect, all sessions, without tickets', seen.connectSeconds, 's'),
    plain("server's processor time a session", (seen.connectCpuSeconds * 1000) / hosts, 'ms'),
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
