/** Where the server's event loop stands still: a fleet connects, says what it is, carries out a command, and is asked about. */
import { factsRoutes, hostsRoutes, resultRoutes, rolloutRoutes } from '@pilothouse/contract';
import { type Benchmark, HOSTS_OF_ALL } from './benchmark.ts';
import { fanOut } from './fanout.ts';
import type { Figure } from './figure.ts';
import { untilSaid } from './frame/fact-progress.ts';
import { CONCURRENT, type Scene } from './frame/prepared-fleets.ts';
import { figuresOf, stallsUntilNow } from './frame/stall-figures.ts';

const WATCHERS = 100;
const EXPORTED_PAGES = 5;

export const eventloop: Benchmark = {
  hosts: 5_000,
  hostsOfAll: HOSTS_OF_ALL,
  async run({ hosts, fleets, profileDirectory, say }) {
    const scene = await fleets.open({ hosts });
    const { fleet, stage } = scene;
    const figures: Figure[] = [];
    const phase = async (name: string, run: () => Promise<unknown>): Promise<void> => {
      say(name);
      await stage.probe.ask('stalls');
      const endProfile = await stage.profile(profileDirectory, `eventloop-${figures.length / 3}`);
      await run();
      const stalls = await stallsUntilNow(stage, endProfile, say);
      figures.push(...figuresOf(stalls).map((figure) => ({ ...figure, what: `${name}: ${figure.what}` })));
    };
    try {
      await phase('connect', () => fleet.all('connect', { concurrent: CONCURRENT }));
      await phase('first inventory', async () => {
        await fleet.all('churn', { kind: 'everyday', day: 0, spreadMs: 0 });
        await untilSaid(stage, hosts);
      });
      await phase('a command with watchers', () => fanOut(scene, { count: WATCHERS, isToldAll: false }));
      await phase('questions', () => askAround(scene));
      await phase('a storm', async () => {
        await fleet.all('cut', null);
        await fleet.all('connect', { concurrent: CONCURRENT });
      });
      return { figures };
    } finally {
      await scene.close();
    }
  },
};

async function askAround({ stage: { client } }: Scene): Promise<void> {
  const { items } = await client.call(rolloutRoutes.list, { query: { limit: 1 } });
  const rolloutId = items[0]?.id ?? '';
  await client.call(factsRoutes.kinds);
  await client.call(factsRoutes.distribution, { params: { fact: 'packages' } });
  await client.call(hostsRoutes.list, { query: { q: 'pkg("package-100000-000").installed', limit: 1000 } });
  await client.call(resultRoutes.groups, { params: { rolloutId }, query: { limit: 100 } });
  for (let page = 0; page < EXPORTED_PAGES; page++) {
    const stream = await client.stream(resultRoutes.exportJson, { params: { rolloutId } });
    for await (const _piece of stream) {
      // Read and dropped.
    }
  }
}
