import type { IdSource } from '@pilothouse/base';
import {
  type Actor,
  AppError,
  actionSchemaDigest,
  defineAction,
  type EffectClass,
  type HostId,
  type JsonObject,
  kernelActions,
  type Rollout,
  undoAction,
} from '@pilothouse/contract';
import { openSqliteStore, type Store } from '@pilothouse/store';
import { openTestStore } from '@pilothouse/store/test-store';
import { type FakeClock, fakeClock } from '@pilothouse/testkit/fake-clock';
import { z } from 'zod';
import type { Principal } from '../access/service.ts';
import type { NewAuditRecord } from '../audit/service.ts';
import { nothingMissing } from '../authority/index.ts';
import type { NewEvent } from '../events/service.ts';
import type { HostEntry, HostIndexChange, HostsService } from '../hosts/service.ts';
import type { HttpRequest } from '../http/service.ts';
import { silentLog } from '../log.ts';
import { countingIds, recordingEvents } from '../open-test-context.ts';
import { plansMigrations } from '../plans/index.ts';
import { predictionsMigrations } from '../predictions/index.ts';
import type { SelectService } from '../select/service.ts';
import { createRollouts, type RolloutsDeps, type RolloutsRoom } from './create-rollouts.ts';
import { rolloutsMigrations } from './migrations.ts';
import { nothingForbidden } from './nothing-forbidden.ts';
import { createFleet, type ScriptedFleet } from './scripted-fleet.ts';
import type { PlanRequest } from './service.ts';

const effects: EffectClass[] = ['read', 'reversible', 'disruptive', 'destructive'];
export const testAction = defineAction({
  name: 'test.run',
  title: { en: 'Test', zh: '测试' },
  parameters: z.object({ text: z.string(), effect: z.enum(effects).default('disruptive') }),
  effect: ({ effect }) => effect,
  trust: 'arbitrary',
  interrupts: () => 'none',
  locks: () => [],
  timeoutMsMax: 3_600_000,
  undo: { kind: 'none', reason: { en: 'a test', zh: '测试' } },
});

/** One that interrupts a service, and records what it takes to undo it. */
export const changeAction = defineAction({
  ...testAction,
  name: 'test.change',
  interrupts: () => 'service',
  undo: { kind: 'recorded' },
});

/** The same, for whoever holds the permission that it names. */
const guardedAction = defineAction({ ...testAction, name: 'guarded.any', permission: 'test.arbitrary' });

const actor: Actor = { kind: 'user', id: 'u_1', name: 'ann' };

/** Holds everything on the hosts that `includes` says. */
export function principalOver(includes: (host: { id: string; labels: JsonObject }) => boolean): Principal {
  const scope = { isAll: false, isNone: false, includes };
  return { actor, has: () => true, scope: () => scope };
}
export const admin: Principal = {
  actor,
  has: () => true,
  scope: () => ({ isAll: true, isNone: false, includes: () => true }),
};

export const entryOf = (id: HostId, name: string): HostEntry => ({
  id,
  name,
  state: 'active',
  labels: {},
  groups: [],
  isOnline: true,
  presenceSince: 0,
  isInMaintenance: false,
  lastSeen: null,
  address: null,
  arch: null,
  agentVersion: null,
  bootId: null,
  vitals: null,
  facts: new Map(),
});

interface CallInput {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly principal?: Principal;
  readonly ifMatch?: string;
  readonly signal?: AbortSignal;
}

export interface TestRollouts {
  readonly room: RolloutsRoom;
  readonly fleet: ScriptedFleet;
  readonly clock: FakeClock;
  readonly store: Store;
  readonly audits: NewAuditRecord[];
  readonly events: NewEvent[];
  readonly index: ReadonlyMap<HostId, HostEntry>;
  /** The next commits fail, this many. */
  failCommits(count: number): void;
  hostId(n: number): HostId;
  changeHost(hostId: HostId, change: Partial<HostEntry> | null): void;
  run(request?: Partial<PlanRequest>, parameters?: JsonObject): Promise<Rollout>;
  get(id: string): Promise<Rollout>;
  /** Lets hosts and server talk until neither has anything more to say. */
  calm(): Promise<void>;
  /** kill -9 and a new server over the same store: sessions end, nothing is flushed or told. */
  crash(): Promise<TestRollouts>;
  /** Calls a route's handler as a person would. */
  call<Answer>(
    routeId: string,
    input?: {
      params?: unknown;
      query?: unknown;
      body?: unknown;
      principal?: Principal;
      signal?: AbortSignal;
    },
  ): Promise<Answer>;
  close(): Promise<void>;
}

interface World {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly ids: IdSource;
  readonly index: Map<HostId, HostEntry>;
  readonly fleet: ScriptedFleet;
  readonly audits: NewAuditRecord[];
  readonly events: NewEvent[];
  readonly rules: TestRules;
}

/** Rooms beside this one, where a test needs another than one that lets everything through. */
export type TestRules = Partial<
  Pick<RolloutsDeps, 'authority' | 'budgets' | 'calendar' | 'gates' | 'notifications'>
>;

export const testHostId = (n: number): HostId => `h_${String(n).padStart(18, '0')}`;

export async function openTestRollouts(
  hosts: number,
  options: { path?: string; rules?: TestRules } = {},
): Promise<TestRollouts> {
  const store =
    options.path === undefined ? await openTestStore() : await openSqliteStore({ path: options.path });
  await store.migrate([plansMigrations, rolloutsMigrations, predictionsMigrations]);
  const hostIds = Array.from({ length: hosts }, (_, n) => testHostId(n));
  const clock = fakeClock();
  const world: World = {
    store,
    clock,
    ids: countingIds(clock),
    index: new Map(hostIds.map((id, n) => [id, entryOf(id, `web-${n}`)])),
    fleet: createFleet(
      hostIds,
      {
        'test.run': actionSchemaDigest(testAction),
        'test.change': actionSchemaDigest(changeAction),
        'rollouts.undo': actionSchemaDigest(undoAction),
      },
      () => clock.now(),
    ),
    audits: [],
    events: [],
    rules: options.rules ?? {},
  };
  const opened = await open(world);
  world.fleet.connectAll();
  await opened.calm();
  return opened;
}

async function open(world: World): Promise<TestRollouts> {
  const { store, clock, ids, index, fleet, audits, events } = world;
  let isGone = false;
  let commitsToFail = 0;
  const listeners = new Set<(change: HostIndexChange) => void>();
  const context = {
    clock,
    ids,
    store: guardedStore(store, () => {
      if (isGone) return 'gone';
      if (commitsToFail === 0) return 'well';
      commitsToFail -= 1;
      return 'failing';
    }),
    log: silentLog,
  };
  const room = await createRollouts(context, depsOver(world, listeners));
  return {
    room,
    fleet,
    clock,
    store,
    audits,
    events,
    index,
    failCommits(count) {
      commitsToFail = count;
    },
    hostId: testHostId,
    calm: () => calm(room),
    changeHost(hostId, change) {
      const before = index.get(hostId) ?? null;
      const after = change === null || before === null ? null : { ...before, ...change };
      if (after === null) index.delete(hostId);
      else index.set(hostId, after);
      for (const listener of listeners) listener({ before, after });
    },
    async run(request = {}, parameters = { text: 'uptime' }) {
      const { plan } = await room.rollouts.plan(admin, {
        title: 'test',
        target: { selector: 'true' },
        actions: [{ action: 'test.run', parameters }],
        strategy: {},
        ...request,
      });
      return room.rollouts.start(admin, plan.digest, 'run');
    },
    async get(id) {
      const rollout = await room.rollouts.get(id);
      if (rollout === null) throw new Error(`no rollout ${id}`);
      return rollout;
    },
    async crash() {
      isGone = true;
      fleet.forgetServer();
      return open(world);
    },
    call: (routeId, input = {}) => callRoute(room, routeId, input),
    async close() {
      await room.close();
      await store.close();
    },
  };
}

/** `gone`: after a crash the old server must not reach the store that the new one reads. */
function guardedStore(store: Store, health: () => 'well' | 'failing' | 'gone'): Store {
  return {
    engine: store.engine,
    as: () => store.as(),
    async transaction(run) {
      const state = health();
      if (state === 'gone') return new Promise(() => undefined);
      if (state === 'failing') throw new AppError('STORE_FULL');
      return store.transaction(run);
    },
    migrate: (sets) => store.migrate(sets),
    close: () => store.close(),
  };
}

async function calm(room: RolloutsRoom): Promise<void> {
  // Hosts answer in the next turn; a quiet loop for some turns in a row means that nobody has more to say.
  for (let quiet = 0; quiet < 5; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    await room.idle();
  }
}

function depsOver(world: World, listeners: Set<(change: HostIndexChange) => void>): RolloutsDeps {
  const { index, fleet, audits, events } = world;
  return {
    authority: nothingMissing(),
    ...nothingForbidden(),
    ...world.rules,
    hosts: hostsOver(index, listeners),
    resolver: resolverOver(index),
    select: selectOver(index),
    gateway: fleet.gateway,
    signer: {
      sign: () => ({ keyId: 'k', value: 'v' }),
      envelope: (payload) => ({
        payload: JSON.stringify(payload),
        signatures: [{ keyId: 'k', value: 'v' }],
      }),
    },
    audit: {
      append: async (transaction, records) => transaction.afterCommit(() => audits.push(...records)),
      list: async () => ({ items: [], nextCursor: null }),
    },
    events: recordingEvents(events),
    actions: [testAction, changeAction, guardedAction, ...kernelActions],
  };
}

/** As the HTTP room does it: inputs are parsed by the route's schemas, the answer must fit the response's. */
export async function callRoute<Answer>(
  room: Pick<RolloutsRoom, 'endpoints'>,
  routeId: string,
  input: CallInput,
): Promise<Answer> {
  const found = room.endpoints.find((each) => each.route.id === routeId);
  if (found === undefined) throw new Error(`no route ${routeId}`);
  const { route } = found;
  const request = {
    principal: input.principal ?? admin,
    params: route.params?.parse(input.params ?? {}),
    query: route.query?.parse(input.query ?? {}),
    body: route.body?.parse(input.body ?? {}),
    language: 'en',
    requestId: 'q_1',
    address: '127.0.0.1',
    ifMatch: input.ifMatch ?? null,
    signal: input.signal ?? new AbortController().signal,
  };
  const answer = await found.handle(request as unknown as HttpRequest); // Handlers of this room read no more.
  if (route.response !== undefined) route.response.parse(answer);
  return answer as never; // The test names the shape it expects.
}

export function hostsOver(
  index: ReadonlyMap<HostId, HostEntry>,
  listeners: Set<(change: HostIndexChange) => void>,
): HostsService {
  const hosts: Pick<HostsService, 'index' | 'onChange'> = {
    index,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return hosts as HostsService; // The room reads the index and its changes alone.
}

/** Selectors here are `true`, or `name=X` over the index. */
const matches = (text: string, host: HostEntry): boolean => text === 'true' || text === `name=${host.name}`;

export function resolverOver(index: ReadonlyMap<HostId, HostEntry>) {
  return {
    resolve: async ({
      selector,
      hostIds,
    }: {
      selector?: string | undefined;
      hostIds?: string[] | undefined;
    }) => ({
      hosts: [...index.values()].filter(
        (host) => hostIds?.includes(host.id) || (selector !== undefined && matches(selector, host)),
      ),
      undetermined: [],
    }),
    stillMatches: (
      { selector, hostIds }: { selector?: string | undefined; hostIds?: string[] | undefined },
      host: HostEntry,
    ) => hostIds?.includes(host.id) === true || (selector !== undefined && matches(selector, host)),
  };
}

export function selectOver(index: ReadonlyMap<HostId, HostEntry>): SelectService {
  const compile: SelectService['compile'] = (text) => ({
    text,
    facts: [],
    ownFacts: [],
    groupRefs: [],
    evaluate: (host) => (matches(text, host) ? 'true' : 'false'),
    weigh: (host) => ({ verdict: matches(text, host) ? 'true' : 'false', units: 1, isTooCostly: false }),
    explain: () => ({ verdict: 'true', conditions: [] }),
  });
  return {
    compile,
    compileScope: compile,
    run: async (text) => ({
      matched: [...index.values()].filter((host) => matches(text, host)),
      undetermined: [],
    }),
  };
}
