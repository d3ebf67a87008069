import { callRoute } from '../open-test-rollouts.ts';
import { HOURLY } from './calendar-truth.ts';
import { IN_ORDER } from './frame-queue.ts';
import { turn, type World } from './simulated-world.ts';
import { beat, hasWork, read, work } from './virtual-host.ts';
import { LIFTED_BUDGET } from './world-budgets.ts';

/** Whatever stood in the way goes away, and everybody says what they have to say. */
export async function settle(world: World, round: number): Promise<void> {
  world.disk.isSlow = false;
  world.disk.failures = 0;
  world.disk.release();
  for (const digest of world.authority.needed) world.authority.approve(digest);
  await turn();
  if (round === 0) await liftRules(world);
  await clearTheWay(world);
  calmHosts(world);
  world.prometheus.answer();
  await world.server.housekeep();
  await turn();
  for (const host of world.hosts.values()) beat(host);
  for (let talk = 0; talk < (round === 0 ? 12 : 4); talk++) {
    let isAnyoneAtIt = false;
    for (const host of world.hosts.values()) {
      isAnyoneAtIt ||= host.outbox.onTheWay.length + host.inbox.onTheWay.length > 0 || hasWork(host);
      while (host.outbox.onTheWay.length > 0) world.net.deliver(host, IN_ORDER);
      while (host.inbox.onTheWay.length > 0) read(world.hostWorld, host);
      work(world.hostWorld, host);
    }
    if (!isAnyoneAtIt) break;
    await turn();
  }
}

/** What would keep a host closed for longer than anybody waits; hourly windows open and dated freezes end by themselves. */
async function liftRules(world: World): Promise<void> {
  const { server } = world;
  const ifMatch = '*';
  for (const [kind, route] of ROUTES_OF_RULES) {
    const { items } = await callRoute<{ items: Listed[] }>(server, `${route}.list`, {});
    for (const { name, rrule, span } of items) {
      if (kind === 'window' ? rrule === HOURLY : span?.rrule === undefined) continue;
      for (const rule of world.rules) if (rule.name === name) Object.assign(rule, NO_MORE);
      await callRoute(server, `${route}.remove`, { params: { name }, ifMatch });
    }
    // Asked for of a server that died before anybody was told.
    const known = new Set(items.map(({ name }) => name));
    for (const rule of world.rules)
      if (rule.kind === kind && !known.has(rule.name)) Object.assign(rule, NO_MORE);
  }
  if (world.budgets.delete(LIFTED_BUDGET))
    await callRoute(server, 'budgets.remove', { params: { name: LIFTED_BUDGET }, ifMatch });
}

const ROUTES_OF_RULES = [
  ['window', 'windows'],
  ['freeze', 'freezes'],
] as const;
const NO_MORE = { isCertain: false, isPossible: false };

interface Listed {
  readonly name: string;
  readonly rrule?: string;
  readonly span?: { readonly rrule?: string };
}

/** People say yes to everything, and that what was broken is well. */
async function clearTheWay(world: World): Promise<void> {
  const { server } = world;
  const { items } = await callRoute<{ items: { id: string }[] }>(server, 'stops.list', {});
  // One that somebody else has just lifted is gone; one that is not would keep its rollouts from ending.
  for (const { id } of items)
    await callRoute(server, 'stops.clear', { params: { stopId: id } }).catch(() => undefined);
  for (const hostId of world.marked) {
    world.marked.delete(hostId);
    if (world.index.has(hostId))
      await callRoute(server, 'budgets.clear-failing', { params: { hostId }, body: { reason: 'well' } });
  }
  for (const { id, state } of [...server.room.active.values()]) {
    const gate = state.gate === null ? undefined : state.config.waves[state.wave]?.gates[state.gate.at];
    if (state.state === 'paused') await callRoute(server, 'rollouts.resume', { params: { rolloutId: id } });
    if (gate?.kind === 'confirm')
      await callRoute(server, 'rollouts.confirm', {
        params: { rolloutId: id },
        body: { gate: gate.name },
      }).catch(() => undefined);
  }
}

function calmHosts(world: World): void {
  for (const host of world.hosts.values()) {
    const entry = world.index.get(host.id);
    if (entry !== undefined && (entry.isInMaintenance || entry.state !== 'active'))
      world.changeHost(host.id, { isInMaintenance: false, state: 'active' });
    host.probesPass = true;
    host.isLaden = false;
    if (host.fate === 'stuck') host.fate = 'succeed';
    if (host.isCutOff) world.net.disconnect(host);
    if (host.session === null && entry !== undefined) world.net.connect(host);
  }
}
