/** The server is killed under a fleet with a command under way: all come back, nothing is lost, nothing runs twice. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Rollout, rolloutRoutes } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { until } from '@pilothouse/testkit';
import { type Benchmark, HOSTS_OF_ALL } from './benchmark.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import { sampleApi } from './frame/api-sampler.ts';
import { CONCURRENT, type Scene } from './frame/prepared-fleets.ts';
import { openStage, type Stage } from './frame/stage.ts';
import { figuresOf, stallsUntilNow } from './frame/stall-figures.ts';

/** Long enough that most of the fleet is in the middle of it when the server dies. */
const COMMAND_MS = 4_000;
const KILLED_AFTER_MS = 2_000;

export const storm: Benchmark = {
  hosts: 10_000,
  hostsOfAll: HOSTS_OF_ALL,
  async run({ hosts, processes, fleets, profileDirectory, say }) {
    const scene = await fleets.open({ hosts, processes, delayMs: COMMAND_MS });
    const { fleet } = scene;
    let stage = scene.stage;
    try {
      say(`connect ${hosts} hosts`);
      await fleet.all('connect', { concurrent: CONCURRENT });
      await fleet.all('keep', null);
      const started = await startRun(scene);
      await delay(KILLED_AFTER_MS);
      await stage.close('SIGKILL');
      const killedAt = performance.now();
      say('the server was killed');
      stage = await openStage(stage.dataDirectory, { ...stage, processes });
      const readyAt = performance.now();
      const cpuBefore = { server: stage.cpuSeconds(), fleet: fleet.cpuSeconds() };
      // What it did before it served is told by the seconds until it did.
      await stage.stalls();
      const endProfile = await stage.profile(profileDirectory, 'storm');
      const api = sampleApi(stage.client, started.id);
      const back = async () => (await fleet.state()).connected === hosts;
      await until('the fleet to be back', 180_000, back);
      const backAt = performance.now();
      const cpu = {
        start: cpuBefore.server,
        server: stage.cpuSeconds() - cpuBefore.server,
        fleet: fleet.cpuSeconds() - cpuBefore.fleet,
      };
      const stalls = await stallsUntilNow(stage, endProfile, say);
      const rollout = await until('the run to end', 180_000, () => endOf(stage, started.id));
      const latencies = await api.end();
      const state = await fleet.state();
      return {
        figures: [
          plain('server answers again after', (readyAt - killedAt) / 1000, 's'),
          ceiling('all hosts back, from the kill on', (backAt - killedAt) / 1000, 's', 30),
          plain("server's processor time until it answers", cpu.start, 's'),
          plain("server's processor time until all are back, a host", (cpu.server * 1000) / hosts, 'ms'),
          plain("the hosts' own, on the same cores, a host", (cpu.fleet * 1000) / hosts, 'ms'),
          plain('the run ended, from the kill on', (performance.now() - killedAt) / 1000, 's'),
          plain('handshakes spared by tickets', (state.resumed / hosts) * 100, '%'),
          ceiling('results lost', hosts - rollout.counts.succeeded, '', 0),
          ceiling('tasks carried out twice', state.executions - hosts, '', 0),
          ...apiFigures(latencies),
          ...figuresOf([...stalls, ...(await stage.stalls())]),
        ],
      };
    } finally {
      await fleet.close();
      await stage.close();
    }
  },
};

async function startRun({ stage, fleet }: Scene): Promise<Rollout> {
  const { rollout } = await stage.client.call(rolloutRoutes.run, {
    body: {
      title: 'storm',
      target: { selector: 'true' },
      actions: [{ action: runCommandAction.name, parameters: { argv: ['uptime'] } }],
      strategy: { inFlightMax: fleet.size },
    },
  });
  return rollout;
}

async function endOf(stage: Stage, rolloutId: string): Promise<Rollout | null> {
  const now = await stage.client.call(rolloutRoutes.get, { params: { rolloutId } });
  return now.endedAt === null ? null : now;
}

function apiFigures(latencies: {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}): Figure[] {
  return [
    plain('API meanwhile, p50', latencies.p50, 'ms'),
    ceiling(`API meanwhile, p99 of ${latencies.count}`, latencies.p99, 'ms', 250),
  ];
}
