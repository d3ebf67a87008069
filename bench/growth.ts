/**
 * Cost grows with difference, not with hosts: the first inventory of a fleet of 200 builds at several sizes, then a day's
 * changes, then one package that is upgraded everywhere. All facts of the inventory plugin, of which six are a host's own.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Benchmark, HOSTS_OF_ALL } from './benchmark.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import { storedFacts, untilSaid } from './frame/fact-progress.ts';
import { countWire, firstInventory, type InventoryStep, openShare } from './frame/first-inventory.ts';
import type { Fleet } from './frame/fleet.ts';
import type { Stall } from './frame/probe-protocol.ts';
import { cpuSeconds } from './frame/process-usage.ts';
import type { Stage } from './frame/stage.ts';
import { figuresOf, stallFigures, stallsUntilNow } from './frame/stall-figures.ts';

/** Sizes of the curve as shares of `--hosts`: 1,000, 5,000, 10,000 and 20,000 of the default. */
const STEPS = [0.1, 0.5, 1, 2] as const;
/** A fleet changes over a while, not in one instant. */
const CHURN_SPREAD_MS = 2_000;
/** The rows and bodies of a change have been written when nothing more has been for this long. */
const QUIET_MS = 1_500;

export const growth: Benchmark = {
  hosts: 10_000,
  // Its fleet is twice as large.
  hostsOfAll: HOSTS_OF_ALL / 2,
  async run({ hosts, fleets, profileDirectory, say }) {
    const total = Math.round(hosts * 2);
    const server = await fleets.openServer(total);
    const { stage } = server;
    let fleet: Fleet | null = null;
    try {
      await stage.probe.ask('stalls');
      const endProfile = await stage.profile(profileDirectory, 'growth');
      const steps: InventoryStep[] = [];
      for (const share of STEPS) {
        const upTo = Math.round(hosts * share);
        await fleet?.close();
        const already = steps.at(-1)?.hosts ?? 0;
        say(`hosts ${already + 1} to ${upTo} say what they are`);
        fleet = await openShare(server, { first: already + 1, count: upTo - already });
        steps.push(await firstInventory(stage, fleet, upTo));
      }
      await endProfile();
      const stalls = await stallFigures(stage.probe);
      if (fleet === null) throw new Error('no steps');
      const connected = fleet;
      say('a day passes');
      const day = await change(stage, connected, () =>
        connected.all('churn', { kind: 'everyday', day: 1, spreadMs: CHURN_SPREAD_MS }),
      );
      say('one package is upgraded everywhere');
      const upgrade = await change(stage, connected, () =>
        connected.all('churn', { kind: 'package', day: 1, spreadMs: CHURN_SPREAD_MS }),
      );
      return {
        figures: [
          ...steps.flatMap(stepFigures),
          ...lawFigures(steps),
          ...changeFigures(`a day on ${connected.size} hosts`, day),
          ...changeFigures(`one package upgraded on ${connected.size} hosts of 200 builds`, upgrade),
          ...stalls,
        ],
      };
    } finally {
      await fleet?.close();
      await stage.close();
    }
  },
};

/** The same as `growth` up to one size: how long the first inventory takes, and what it takes on disk. */
export const inventory: Benchmark = {
  hosts: 10_000,
  hostsOfAll: HOSTS_OF_ALL,
  async run({ hosts, fleets, profileDirectory, say }) {
    const server = await fleets.openServer(hosts);
    const { stage } = server;
    const fleet = await openShare(server, { first: 1, count: hosts });
    try {
      say(`${hosts} hosts say what they are`);
      let stalls: readonly Stall[] = [];
      const step = await firstInventory(stage, fleet, hosts, async () => {
        const endProfile = await stage.profile(profileDirectory, 'inventory');
        return async () => {
          stalls = await stallsUntilNow(stage, endProfile, say);
        };
      });
      const bytes = step.after.storeBytes - step.before.storeBytes;
      return {
        figures: [
          ceiling('every fact of every host stored', step.seconds, 's', 15),
          plain("server's processor time", step.cpuSeconds, 's'),
          ceiling('disk', bytes / 1e6, 'MB', 60),
          plain('of it contents', step.after.bodyBytes / 1e6, 'MB'),
          plain('distinct contents', step.after.bodies, ''),
          plain('rows of history', step.after.spans, ''),
          ...figuresOf(stalls),
        ],
      };
    } finally {
      await fleet.close();
      await stage.close();
    }
  },
};

interface Change {
  readonly hosts: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly wireBytes: number;
  readonly bodies: number;
  readonly bodyBytes: number;
  readonly spans: number;
}

async function change(stage: Stage, fleet: Fleet, churn: () => Promise<unknown>): Promise<Change> {
  const before = storedFacts(stage);
  const cpuBefore = cpuSeconds(stage.server.pid);
  const wire = countWire(fleet);
  const began = performance.now();
  await churn();
  await untilSaid(stage, fleet.size);
  let last = storedFacts(stage);
  let lastAt = performance.now();
  while (performance.now() - lastAt < QUIET_MS) {
    await delay(100);
    const now = storedFacts(stage);
    if (now.spans !== last.spans || now.bodies !== last.bodies) lastAt = performance.now();
    last = now;
  }
  return {
    hosts: fleet.size,
    wireBytes: wire(),
    seconds: (lastAt - began) / 1000,
    cpuSeconds: cpuSeconds(stage.server.pid) - cpuBefore,
    bodies: last.bodies - before.bodies,
    bodyBytes: last.bodyBytes - before.bodyBytes,
    spans: last.spans - before.spans,
  };
}

const stepFigures = (step: InventoryStep): Figure[] => {
  const { hosts, added, before, after } = step;
  return [
    plain(`first inventory up to ${hosts} hosts`, step.seconds, 's'),
    plain(`server's processor time each of the ${added}`, (step.cpuSeconds * 1000) / added, 'ms'),
    plain(`disk up to ${hosts} hosts`, after.storeBytes / 1e6, 'MB'),
    plain(`disk each of the ${added}`, (after.storeBytes - before.storeBytes) / added / 1000, 'kB'),
    plain(`on the wire each of the ${added}`, step.wireBytes / added / 1000, 'kB'),
    plain(`contents each of the ${added}`, (after.bodies - before.bodies) / added, ''),
  ];
};

/** What the law promises is measured where it is made: contents that hosts share are stored once. */
function lawFigures(steps: readonly InventoryStep[]): Figure[] {
  const [whole, twice] = [steps.at(-2), steps.at(-1)];
  const first = steps[0];
  if (whole === undefined || twice === undefined || first === undefined) return [];
  const added = twice.after.storeBytes - twice.before.storeBytes;
  const base = whole.after.storeBytes - first.before.storeBytes;
  const own = 3 * twice.added;
  const sharedAdded = Math.max(0, twice.after.bodies - twice.before.bodies - own);
  const sharedBase = whole.after.bodies - first.before.bodies - 3 * whole.hosts;
  return [
    ceiling(
      'shared contents that the second half of the fleet added',
      (sharedAdded / sharedBase) * 100,
      '%',
      5,
    ),
    plain('disk that it added, with history and own facts', (added / base) * 100, '%'),
  ];
}

const changeFigures = (what: string, change: Change): Figure[] => [
  plain(`${what}: until all is stored`, change.seconds, 's'),
  plain(`${what}: server's processor time`, change.cpuSeconds, 's'),
  plain(`${what}: on the wire, a host`, change.wireBytes / change.hosts / 1000, 'kB'),
  plain(`${what}: contents that travelled`, change.bodies, ''),
  plain(`${what}: stored for them`, change.bodyBytes / 1e6, 'MB'),
  plain(`${what}: rows of history`, change.spans, ''),
];
