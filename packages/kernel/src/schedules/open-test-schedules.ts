import type { TestContext } from 'node:test';
import { AppError, type Plan, type Rollout, ScheduleTerms } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import { createPrincipal } from '../access/principal.ts';
import type { Principal } from '../access/service.ts';
import type { NewEvent } from '../events/service.ts';
import { openTestContext, recordingEvents } from '../open-test-context.ts';
import { createSchedules, type SchedulesDeps } from './create-schedules.ts';
import { schedulesMigrations } from './migrations.ts';
import { type OccurrenceRecord, readOccurrences, writeSchedule } from './schedules-store.ts';

/** For tests: the room over a real store, a clock that obeys, and rollouts that are counted instead of run. */
export async function openTestSchedules(t: TestContext, terms: object = {}) {
  const context = await openTestContext([schedulesMigrations]);
  t.after(() => context.store.close());
  const world = newWorld();
  const { plans } = world;
  const step = async <T>(run: () => Promise<T>): Promise<T> => {
    world.step();
    const result = await run();
    world.step();
    return result;
  };
  const store: Store = {
    engine: context.store.engine,
    as: () => context.store.as(),
    transaction: (run) => step(() => context.store.transaction(run)),
    migrate: (sets) => context.store.migrate(sets),
    close: () => context.store.close(),
  };
  const deps = scriptedDeps(world, step);
  const open = () => createSchedules({ ...context, store }, deps);
  const now = context.clock.now();
  await context.store.transaction((transaction) =>
    writeSchedule(transaction, {
      name: 'nightly',
      terms: ScheduleTerms.parse({
        template: {
          title: 'nightly',
          target: { selector: 'true' },
          actions: [{ action: 'a.b', parameters: {} }],
        },
        recurrence: { rrule: 'FREQ=HOURLY', timeZone: 'UTC', start: '2026-01-01T00:30:00' },
        hostsMax: 10,
        ...terms,
      }),
      owner: { userId: 'u_1', userName: 'ada', roles: null },
      isPaused: false,
      approvals: [],
      nextAt: now + 1_800_000,
      changedAt: now,
      version: 1,
    }),
  );
  return {
    ...context,
    world,
    plans,
    open,
    tick: async (room: Awaited<ReturnType<typeof open>>, name = 'schedules.tick') =>
      room.reconcilers.find((each) => each.name === name)?.run(),
    history: (): Promise<OccurrenceRecord[]> =>
      readOccurrences(context.store, 'nightly', { before: null, limit: 1000 }),
    started: () => [...plans.values()].filter((rollout) => rollout !== null),
  };
}

type World = ReturnType<typeof newWorld>;

const newWorld = () => ({
  events: [] as NewEvent[],
  /** Plans by digest, with the rollout that each became; null: it was not started. */
  plans: new Map<string, string | null>(),
  hosts: 3,
  isOwnerThere: true,
  refusal: null as AppError | null,
  isRolloutGoingOn: false,
  findings: [] as unknown[],
  /** Called where the server may die; throws to make it so. */
  step: (): void => {},
});

function scriptedDeps(world: World, step: <T>(run: () => Promise<T>) => Promise<T>): SchedulesDeps {
  const { plans } = world;
  return {
    events: recordingEvents(world.events),
    audit: { append: async () => {} },
    findings: {
      reconcile: async (_kind: string, _host: string | null, now: readonly unknown[]) => {
        world.findings = [...now];
      },
    },
    delegates: {
      delegateOf: () => null,
      principalOf: async (): Promise<Principal | null> =>
        world.isOwnerThere ? createPrincipal({ kind: 'user', id: 'u_1', name: 'ada' }, []) : null,
    },
    rollouts: {
      plan: () =>
        step(async () => {
          if (world.refusal !== null) throw world.refusal;
          const digest = String(plans.size + 1).padStart(64, '0');
          plans.set(digest, null);
          // Of a plan this room reads its digest and its size.
          const plan = { digest, header: { stepsCount: world.hosts } } as Plan;
          return { plan, undetermined: 0, lacking: [] };
        }),
      start: (_by: Principal, digest: string) =>
        step(async () => {
          const known = plans.get(digest);
          if (typeof known === 'string') throw new AppError('PLAN_ALREADY_STARTED', { rolloutId: known });
          const id = `r_${digest.slice(-4)}`;
          plans.set(digest, id);
          // Of a rollout this room reads its id and whether it has ended.
          return { id } as Rollout;
        }),
      runOf: async (digest: string) => plans.get(digest) ?? null,
      get: async (id: string) => ({ id, endedAt: world.isRolloutGoingOn ? null : 'then' }) as Rollout,
    },
    authority: { useMandate: async () => ({}), requireMandate: async () => undefined },
    hosts: { index: new Map() },
    resolver: { resolve: async () => ({ hosts: [], undetermined: [] }) },
    plans: {},
    // Fields that carrying out does not read.
  } as unknown as SchedulesDeps; // Doubles of what the room calls.
}
