/** Questions to a large fleet through the API: selectors over labels and facts, lists and searches of hosts. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@pilothouse/client';
import { factsRoutes, hostsRoutes, selectRoutes } from '@pilothouse/contract';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import { firstInventory, openShare } from './frame/first-inventory.ts';
import { multiplyHosts } from './frame/multiply-hosts.ts';
import { openStage } from './frame/stage.ts';
import { stallFigures } from './frame/stall-figures.ts';
import { quantile } from './frame/statistics.ts';

/** Hosts that really said what they are: ten of each build. */
const ORIGINALS = 2_000;
/** The larger registry, as a multiple of `--hosts`. */
const LARGER = 5;
const ROUNDS = 60;

const SELECTORS = [
  'label.role == "web" && label.site in ["bj1", "bj2"]',
  'os.id == "openEuler" && os.versionId == "24.03" && label.site != "bj3"',
  'pkg("package-100000-000").version < "2.0.0"',
  'service("unit-004.service").state == "failed"',
] as const;

export const selectors: Benchmark = {
  hosts: 10_000,
  hostsOfAll: ORIGINALS,
  async run(context) {
    const { fleets, say } = context;
    const originals = Math.min(ORIGINALS, context.hosts);
    // A registry is whole copies of the originals.
    const hosts = originals * Math.round(context.hosts / originals);
    const server = await fleets.openServer(originals);
    const { stage } = server;
    const fleet = await openShare(server, { first: 1, count: originals });
    say(`${originals} hosts say what they are`);
    await firstInventory(stage, fleet, originals);
    await fleet.close();
    await stage.close();
    const figures: Figure[] = [];
    for (const size of [hosts, hosts * LARGER]) {
      say(`a registry of ${size} hosts`);
      figures.push(...(await ask({ ...context, hosts }, { from: stage, copies: size / originals, size })));
    }
    return { figures };
  },
};

async function ask(
  { hosts, fleets, profileDirectory }: BenchContext,
  registry: { from: { dataDirectory: string; apiToken: string }; copies: number; size: number },
): Promise<Figure[]> {
  const { from, copies, size } = registry;
  const dataDirectory = fleets.newDirectory();
  cpSync(from.dataDirectory, dataDirectory, { recursive: true });
  multiplyHosts(join(dataDirectory), Math.round(copies));
  const began = performance.now();
  const stage = await openStage(dataDirectory, { apiToken: from.apiToken });
  const startSeconds = (performance.now() - began) / 1000;
  try {
    const { client } = stage;
    // The start is told by its seconds.
    await stage.probe.ask('stalls');
    const endProfile = await stage.profile(profileDirectory, `selectors-${size}`);
    const { total } = await client.call(selectRoutes.check, { query: { selector: 'true' } });
    if (total !== size) throw new Error(`${total} of ${size} hosts in the registry`);
    const figures = [plain(`server over ${size} hosts answers after`, startSeconds, 's')];
    for (const selector of SELECTORS) {
      const times = await timed(() => client.call(selectRoutes.check, { query: { selector } }));
      const p50 = quantile(times, 0.5);
      const what = `${selector}, ${size} hosts, p50`;
      figures.push(size === hosts ? ceiling(what, p50, 'ms', 20) : plain(what, p50, 'ms'));
    }
    for (const [what, question] of Object.entries(questionsOf(client))) {
      const p99 = quantile(await timed(question), 0.99);
      const title = `${what}, ${size} hosts, p99`;
      figures.push(size === hosts ? ceiling(title, p99, 'ms', 100) : plain(title, p99, 'ms'));
    }
    await endProfile();
    return [...figures, ...(await stallFigures(stage.probe))];
  } finally {
    await stage.close();
  }
}

const questionsOf = (client: Client): Record<string, () => Promise<unknown>> => ({
  'first page of hosts': () => client.call(hostsRoutes.list, { query: { limit: 100 } }),
  'search by name': () => client.call(hostsRoutes.list, { query: { name: 'sim-0012', limit: 100 } }),
  'hosts by selector': () => client.call(hostsRoutes.list, { query: { q: SELECTORS[1], limit: 100 } }),
  'tree of groups': () => client.call(hostsRoutes.tree),
  'list of facts': () => client.call(factsRoutes.kinds),
  'hosts grouped by kernel': () => client.call(factsRoutes.distribution, { params: { fact: 'kernel' } }),
});

async function timed(ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  // The first reads what later ones find in memory.
  await ask();
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await ask();
    times.push(performance.now() - began);
  }
  return times;
}
