/** The same tasks in one batch, and in twenty waves with a gate after each: what staging costs beside what it waits for. */
import { rolloutRoutes, type Strategy } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { until } from '@pilothouse/testkit';
import { type Benchmark, HOSTS_OF_ALL } from './benchmark.ts';
import { ceiling, plain } from './figure.ts';
import { CONCURRENT, type Scene } from './frame/prepared-fleets.ts';
import { cpuSeconds } from './frame/process-usage.ts';
import { median } from './frame/statistics.ts';

const ROUNDS = 5;
const WAVES = 20;
/** More than that much longer is staging that nobody would want to pay for. */
const LONGER_MAX = 1.1;

interface Round {
  readonly ms: number;
  readonly serverCpuSeconds: number;
}

export const waves: Benchmark = {
  hosts: 10_000,
  hostsOfAll: HOSTS_OF_ALL,
  async run({ hosts, fleets, profileDirectory, say }) {
    const scene = await fleets.open({ hosts });
    try {
      say(`connect ${hosts} hosts`);
      await scene.fleet.all('connect', { concurrent: CONCURRENT });
      // Both in the same slots, so that what differs is the staging and not how much may be under way.
      const inFlightMax = Math.ceil(hosts / WAVES);
      const staged: Partial<Strategy> = {
        inFlightMax,
        waves: { kind: 'fixed', hostsPerWave: inFlightMax },
        gates: [{ kind: 'check', name: 'calm', after: 'each', expression: 'true', soakMs: 0 }],
      };
      await carryOut(scene, { inFlightMax });
      const endProfile = await scene.stage.profile(profileDirectory, 'waves');
      const batch: Round[] = [];
      const inWaves: Round[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        batch.push(await carryOut(scene, { inFlightMax }));
        inWaves.push(await carryOut(scene, staged));
      }
      await endProfile();
      const typical = (rounds: readonly Round[]): number => median(rounds.map((round) => round.ms));
      const cpu = (rounds: readonly Round[]): number => median(rounds.map((round) => round.serverCpuSeconds));
      const { executionsMax } = await scene.fleet.state();
      return {
        figures: [
          plain(`one batch, ${inFlightMax} in flight`, typical(batch) / 1000, 's'),
          plain(`${WAVES} waves with gates`, typical(inWaves) / 1000, 's'),
          ceiling('waves beside the batch', typical(inWaves) / typical(batch), '×', LONGER_MAX),
          plain("server's processor time, one batch", cpu(batch), 's'),
          plain("server's processor time, waves", cpu(inWaves), 's'),
          ceiling('executions of any task', executionsMax, '', 1),
        ],
      };
    } finally {
      await scene.close();
    }
  },
};

async function carryOut({ stage, fleet }: Scene, strategy: Partial<Strategy>): Promise<Round> {
  const { client, server } = stage;
  await fleet.all('saved', null);
  const cpuBefore = cpuSeconds(server.pid);
  const began = performance.now();
  const { rollout } = await client.call(rolloutRoutes.run, {
    body: {
      title: 'uptime',
      target: { selector: 'true' },
      actions: [{ action: runCommandAction.name, parameters: { argv: ['uptime'], effect: 'read' } }],
      strategy,
    },
  });
  const ended = await until('the rollout to end', 300_000, async () => {
    const now = await client.call(rolloutRoutes.get, { params: { rolloutId: rollout.id } });
    return now.endedAt === null ? null : now;
  });
  if (ended.counts.succeeded !== fleet.size) {
    throw new Error(`only ${ended.counts.succeeded} of ${fleet.size} succeeded`);
  }
  return { ms: performance.now() - began, serverCpuSeconds: cpuSeconds(server.pid) - cpuBefore };
}
