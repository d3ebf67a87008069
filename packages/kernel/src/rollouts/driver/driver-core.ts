import { HOUR_MS } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import type { AuditService } from '../../audit/service.ts';
import type { AuthorityService } from '../../authority/service.ts';
import type { BudgetLedger } from '../../budgets/service.ts';
import type { CalendarService } from '../../calendar/service.ts';
import type { Signer } from '../../enrolment/service.ts';
import type { EventsService } from '../../events/service.ts';
import type { GatesService } from '../../gates/service.ts';
import type { GatewayService } from '../../gateway/service.ts';
import type { HostEntry, HostsService, TargetResolver } from '../../hosts/service.ts';
import type { KernelContext } from '../../kernel-context.ts';
import type { NotificationsService } from '../../notifications/service.ts';
import type { PlansService } from '../../plans/index.ts';
import { isRolloutEnd, isTaskEnd, nextWakeAt } from '../engine/index.ts';
import type { Live } from '../live.ts';
import { readActive } from '../rollout-store.ts';
import { readStops } from '../stop-store.ts';
import type { StopsInForce } from '../stops-in-force.ts';
import type { Absences } from './absences.ts';
import { type ActiveRollout, recordOf, viewRollout, viewTask } from './active-rollout.ts';
import { isAwaiting, watchAuthority } from './authority-watch.ts';
import type { Background } from './background.ts';
import type { Batch } from './batch.ts';
import { commitBatch } from './commit-batch.ts';
import type { JobLoop } from './job-loop.ts';
import type { JudgeDeps } from './judge-claim.ts';
import { loadActive } from './load-active.ts';
import type { OutputIntake } from './output-intake.ts';
import type { ProbeRounds } from './probe-rounds.ts';
import type { ReturnFlow } from './return-flow.ts';
import { clearRoom, type Room } from './room.ts';

/** Longest single timer; a rollout that waits longer is looked at in between. */
const WAKE_MS_MAX = HOUR_MS;

export interface DriverDeps {
  readonly hosts: HostsService;
  readonly resolver: TargetResolver;
  readonly gateway: GatewayService;
  readonly signer: Signer;
  readonly audit: AuditService;
  readonly events: EventsService;
  readonly plans: PlansService;
  readonly stops: StopsInForce;
  readonly live: Live;
  readonly budgets: BudgetLedger;
  readonly calendar: CalendarService;
  readonly gates: GatesService;
  readonly authority: AuthorityService;
  readonly notifications: NotificationsService;
  /** Makes and starts the rollout that undoes this one. Called after the commit that says so, and after each reload. */
  readonly rollBack: (active: ActiveRollout) => void;
}

/** All that the driver holds in memory; `create-driver.ts` makes one and hands it to its parts. */
export interface DriverCore {
  readonly context: KernelContext;
  readonly deps: DriverDeps;
  readonly active: Map<string, ActiveRollout>;
  /** Ended rollouts that words of the current batch came late for. */
  readonly revived: Map<string, ActiveRollout>;
  /** Generation of the session whose hello was taken in, by host: before that a host counts as offline. */
  readonly heard: Map<HostId, number>;
  /** Hosts that said `agent hold`. */
  readonly held: Set<HostId>;
  /** Of hosts that come, as they do after a storm. */
  readonly flow: ReturnFlow;
  readonly absences: Absences;
  readonly room: Room;
  readonly probes: ProbeRounds;
  readonly outputs: OutputIntake;
  readonly loop: JobLoop;
  readonly background: Background;
  isSettled: boolean;
  isClosed: boolean;
}

export const judgeDepsOf = (core: DriverCore): JudgeDeps => ({
  ...core.deps,
  ...core.room,
  offered: core.deps.plans.offered,
  now: () => core.context.clock.now(),
  heard: core.heard,
  isHeld: (hostId) => core.held.has(hostId),
  isSettled: () => core.isSettled,
  mayComeBack: (hostId) => mayComeBack(core, hostId),
});

/** The server has just started, or the host was here just now: its absence says nothing yet. */
export const mayComeBack = ({ isSettled, absences }: DriverCore, hostId: HostId): boolean =>
  !isSettled || absences.isRecent(hostId);

/** Reads everything back as the last commit left it. */
export async function loadAll(core: DriverCore): Promise<void> {
  const { active, deps, context } = core;
  for (const rollout of active.values()) rollout.cancelWake?.();
  active.clear();
  core.revived.clear();
  clearRoom(core.room);
  core.probes.clear();
  core.outputs.clear();
  await core.room.budgets.reload();
  deps.stops.replaceAll(await readStops(context.store));
  for (const record of await readActive(context.store)) {
    const rollout = await loadActive({ ...deps, store: context.store }, record);
    active.set(rollout.id, rollout);
    retakePlaces(core, rollout);
  }
  for (const rollout of active.values()) {
    addTick(core, rollout);
    core.loop.add({ apply: (batch) => loseMissingHosts(core, batch, rollout) });
    // What people said while nobody listened, and what was about to be done.
    if (isAwaiting(rollout.state)) watchAuthority(core, rollout.planDigest);
    if (rollout.state.state === 'rolling-back' && rollout.state.rolledBackBy === null) deps.rollBack(rollout);
  }
}

/** Locks and places follow from the open tasks; leases of budgets are durable by themselves. */
function retakePlaces({ room, deps }: DriverCore, rollout: ActiveRollout): void {
  for (const { phase, index, hostId } of rollout.state.tasks) {
    if (phase !== 'offered' && phase !== 'running') continue;
    if (rollout.isExclusive(index)) room.locks.take(hostId, rollout.id);
    const host = deps.hosts.index.get(hostId);
    if (rollout.crowd !== null && host !== undefined) rollout.crowd.enter(index, rollout.crowd.valueOf(host));
  }
}

/** Commits a batch, then sets timers and tells watchers. */
export async function settleBatch(core: DriverCore, batch: Batch): Promise<void> {
  await commitBatch({ ...core.deps, store: core.context.store }, batch);
  core.revived.clear();
  for (const { active } of batch.touched.values()) {
    if (isRolloutEnd(active.state.state)) {
      active.cancelWake?.();
      core.active.delete(active.id);
      continue;
    }
    setWake(core, active);
    if (active.state.claimsLeft === 0) addTick(core, active);
  }
  tellWatchers(core.deps.live, batch);
}

function addTick(core: DriverCore, rollout: ActiveRollout): void {
  core.loop.add({
    apply: (batch) => {
      if (core.active.get(rollout.id) === rollout) batch.feed(rollout, { kind: 'tick' });
    },
  });
}

function setWake(core: DriverCore, rollout: ActiveRollout): void {
  const { clock } = core.context;
  rollout.cancelWake?.();
  const at = nextWakeAt(rollout.state);
  const delay = at === null ? null : Math.min(WAKE_MS_MAX, Math.max(0, at - clock.now()));
  const isSilent = delay === null || core.isClosed;
  rollout.cancelWake = isSilent ? null : clock.after(delay, () => addTick(core, rollout));
}

export function wakeHeld(
  core: DriverCore,
  batch: Batch,
  hold: 'stopped' | 'settling' | 'closed' | 'brief',
): void {
  for (const rollout of core.active.values()) {
    if (rollout.state.held[hold] === 0) continue;
    for (const task of rollout.state.tasks)
      if (task.hold === hold) batch.feed(rollout, { kind: 'host-ready', index: task.index });
  }
}

/** Hosts have had their time to come back, or are all there: whoever is missing from now on is offline. */
export function settlePresence(core: DriverCore, batch: Batch): void {
  core.isSettled = true;
  wakeHeld(core, batch, 'settling');
}

function tellWatchers(live: Live, batch: Batch): void {
  for (const { active, dirty, outcomes } of batch.touched.values()) {
    if (!live.isWatched(active.id) && !isRolloutEnd(active.state.state)) continue;
    const tasks = [...dirty].flatMap((index) => {
      const task = active.state.tasks[index];
      if (task === undefined || !isTaskEnd(task.phase)) return [];
      return [viewTask(active, task, outcomes.get(index) ?? null)];
    });
    live.changed(viewRollout(recordOf(active)), tasks, isRolloutEnd(active.state.state));
  }
}

/** Why nothing may be asked of a host any more, or null. */
export function lossOf(host: HostEntry | null | undefined): string | null {
  if (host === null || host === undefined) return 'TASK_HOST_GONE';
  return host.state === 'quarantined' ? 'TASK_HOST_QUARANTINED' : null;
}

/** What happened to hosts while the server was down, or between its last two commits. */
function loseMissingHosts(core: DriverCore, batch: Batch, rollout: ActiveRollout): void {
  if (core.active.get(rollout.id) !== rollout) return;
  for (const { index, hostId, phase } of rollout.state.tasks) {
    if (phase !== 'offered' && phase !== 'running') continue;
    const host = core.deps.hosts.index.get(hostId);
    const code = lossOf(host);
    if (code === null) continue;
    const cause = { code, details: {} };
    batch.feed(rollout, { kind: 'host-gone', index, isFinal: host === undefined, cause });
  }
}
