import type { ActionSpec, Rollout, Task } from '@pilothouse/contract';
import type { AuditService } from '../audit/service.ts';
import type { AuthorityService } from '../authority/service.ts';
import type { BudgetLedger } from '../budgets/service.ts';
import type { CalendarService } from '../calendar/service.ts';
import type { Signer } from '../enrolment/service.ts';
import type { EventsService } from '../events/service.ts';
import type { GatesService } from '../gates/service.ts';
import type { GatewayService } from '../gateway/service.ts';
import type { HostsService, SelectorInUse, TargetResolver } from '../hosts/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { NotificationsService } from '../notifications/service.ts';
import { createPlans, type PlansService, planEndpoints } from '../plans/index.ts';
import type { Reconciler } from '../plugins/index.ts';
import { createPredictions } from '../predictions/index.ts';
import type { SelectService } from '../select/service.ts';
import {
  type ActiveRollout,
  recordOf,
  viewEndedTask,
  viewRollout,
  viewTask,
} from './driver/active-rollout.ts';
import { createDriver } from './driver/create-driver.ts';
import { waveByStrategy } from './driver/plan-waves.ts';
import { loseHost, tasksOf } from './driver/session-jobs.ts';
import { rolloutEndpoints } from './endpoints.ts';
import { isTaskEnd } from './engine/index.ts';
import { createLive } from './live.ts';
import { pauseAll } from './pause-all.ts';
import { outcomesOf, predictionEndpoints } from './prediction-endpoints.ts';
import { resultEndpoints } from './result-endpoints.ts';
import { readTasksOfHost } from './result-store.ts';
import { RESULTS_KEPT_DAYS_DEFAULT, retentionReconciler } from './retention.ts';
import { rollBackByItself } from './roll-back.ts';
import { type ActsDeps, startRollout } from './rollout-acts.ts';
import { readRollout, readRunOf, readRunsOf } from './rollout-store.ts';
import type { RolloutsService } from './service.ts';
import { stopEndpoints } from './stop-endpoints.ts';
import { createStopsInForce } from './stops-in-force.ts';

export interface RolloutsDeps {
  readonly authority: AuthorityService;
  readonly budgets: BudgetLedger;
  readonly calendar: CalendarService;
  readonly gates: GatesService;
  readonly notifications: NotificationsService;
  readonly hosts: HostsService;
  readonly resolver: TargetResolver;
  readonly select: SelectService;
  readonly gateway: GatewayService;
  readonly signer: Signer;
  readonly audit: AuditService;
  readonly events: EventsService;
  /** Of the kernel and of all plugins. */
  readonly actions: readonly ActionSpec[];
  /** How long results are kept; absent: 90 days. */
  readonly resultsKeptDays?: number;
}

export interface RolloutsRoom {
  readonly rollouts: RolloutsService;
  readonly plans: PlansService;
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
  /** Of emergency stops in force. */
  readonly selectors: () => readonly SelectorInUse[];
  /** Pauses what would go on by itself; gives the ids of those rollouts. */
  pauseAll(reason: string): Promise<readonly string[]>;
  /** Those that have not ended, as the driver holds them; for simulations, which look at them and change nothing. */
  readonly active: ReadonlyMap<string, ActiveRollout>;
  /** Resolves when everything that has come in so far is durable and sent. */
  idle(): Promise<void>;
  /** Words of hosts and people that are not yet durable. */
  waitingCount(): number;
  close(): Promise<void>;
}

/**
 * Opens the rooms of plans and rollouts: reads back what was going on and goes on with it. Needs the gateway before it
 * listens, so that no session opens unheard.
 */
export async function createRollouts(context: KernelContext, deps: RolloutsDeps): Promise<RolloutsRoom> {
  const plans = await createPlans(context, deps);
  const stops = createStopsInForce(deps.select);
  const live = createLive((hostId, frame) => void deps.gateway.send(hostId, frame), context.clock);
  let acts: ActsDeps | null = null;
  // What was read back as rolling back is taken up once there is somebody to make plans.
  const rollBack = (active: ActiveRollout): void => {
    if (acts !== null) rollBackByItself(acts, active);
  };
  const driver = await createDriver(context, { ...deps, plans, stops, live, rollBack });
  acts = { context, plans, hosts: deps.hosts, driver };
  for (const active of driver.active.values()) if (active.state.state === 'rolling-back') rollBack(active);
  const predictions = createPredictions(context, outcomesOf(context.store, plans));
  const rollouts = serviceOf(acts, deps);
  return {
    rollouts,
    plans,
    active: driver.active,
    endpoints: [
      ...planEndpoints({
        ...deps,
        plans,
        context,
        runsOf: (digests) => readRunsOf(context.store, digests),
        tracksOf: (schemas) => predictions.predictions.tracksOf(schemas),
      }),
      ...predictionEndpoints(acts, predictions.predictions),
      ...rolloutEndpoints({ ...acts, live, stops, budgets: deps.budgets, calendar: deps.calendar }),
      ...resultEndpoints(acts),
      ...stopEndpoints({ context, hosts: deps.hosts, select: deps.select, driver, stops }),
    ],
    reconcilers: [
      retentionReconciler(context, acts, deps.resultsKeptDays ?? RESULTS_KEPT_DAYS_DEFAULT),
      ...predictions.reconcilers,
      ...driver.reconcilers,
    ],
    selectors: () =>
      stops
        .list()
        .flatMap(({ id, selector }) => (selector === null ? [] : [{ user: `stop:${id}`, selector }])),
    pauseAll: (reason) => pauseAll(driver, reason),
    waitingCount: () => driver.loop.waitingCount,
    async idle() {
      await plans.offered.flush();
      await driver.loop.idle();
      await driver.background.idle();
      await driver.loop.idle();
    },
    async close() {
      await driver.close();
      await plans.offered.flush();
    },
  };
}

/** What other rooms and plugins ask of this one. */
function serviceOf(acts: ActsDeps, { hosts }: Pick<RolloutsDeps, 'hosts'>): RolloutsService {
  const { context, plans, driver } = acts;
  return {
    async plan(principal, request) {
      const made = await plans.make(principal, request, null);
      return {
        plan: made.plan,
        undetermined: made.undeterminedCount,
        lacking: made.lacking.map((host) => host.hostId),
      };
    },
    start: (principal, planDigest, kind) =>
      startRollout(acts, { principal, requestId: null }, { planDigest, kind, retryOf: null }),
    runOf: (planDigest) => readRunOf(context.store, planDigest),
    async get(id): Promise<Rollout | null> {
      const active = driver.active.get(id);
      if (active !== undefined) return viewRollout(recordOf(active));
      const record = await readRollout(context.store, id);
      return record === null ? null : viewRollout(record);
    },
    async tasksOf(hostId, limit): Promise<Task[]> {
      const open = [...tasksOf(driver, hostId)].flatMap(({ active, index }) => {
        const task = active.state.tasks[index];
        return task === undefined || isTaskEnd(task.phase) ? [] : [viewTask(active, task, null)];
      });
      const rows = await readTasksOfHost(context.store, hostId, limit);
      const hostName = hosts.index.get(hostId)?.name ?? hostId;
      const ended = await Promise.all(
        rows.map(async (row) => {
          const strategy = (await readRollout(context.store, row.rolloutId))?.fixed.strategy;
          const byStrategy = strategy === undefined ? 0 : waveByStrategy(strategy, row.index);
          return viewEndedTask(row, { hostName, wave: row.body.wave ?? byStrategy });
        }),
      );
      return [...open.reverse(), ...ended].slice(0, limit);
    },
    async releaseHost(transaction, hostId, { code, by }) {
      transaction.afterCommit(() => {
        driver.loop.add({
          apply(batch) {
            // Asked now, when all that follows from the commit is done: before, the index may still hold the host.
            const isFinal = !hosts.index.has(hostId);
            loseHost(driver, batch, { hostId, code, details: { by: by.name }, isFinal });
          },
        });
      });
    },
  };
}
