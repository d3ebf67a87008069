import { HOUR_MS, SECOND_MS } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import type { AuditService } from '../../audit/service.ts';
import type { Signer } from '../../enrolment/service.ts';
import type { EventsService } from '../../events/service.ts';
import type { GatewayService, SessionListener } from '../../gateway/service.ts';
import type { HostEntry, HostIndexChange, HostsService, TargetResolver } from '../../hosts/service.ts';
import type { KernelContext } from '../../kernel-context.ts';
import type { PlansService } from '../../plans/index.ts';
import { isRolloutEnd, isTaskEnd, nextWakeAt } from '../engine/index.ts';
import type { Live } from '../live.ts';
import { hasOutput } from '../result-store.ts';
import { readActive, readRollout } from '../rollout-store.ts';
import { readStops } from '../stop-store.ts';
import type { StopsInForce } from '../stops-in-force.ts';
import { type ActiveRollout, parseTaskId, recordOf, viewRollout, viewTask } from './active-rollout.ts';
import { type Batch, newBatch } from './batch.ts';
import { commitBatch } from './commit-batch.ts';
import type { DriverState } from './driver-state.ts';
import { createHostLocks } from './host-locks.ts';
import { createJobLoop, type JobLoop } from './job-loop.ts';
import { isPresent, judgeClaim } from './judge-claim.ts';
import { loadActive } from './load-active.ts';
import { createOutputIntake } from './output-intake.ts';
import { type Offer, type SendDeps, sendBatch, sendOffer } from './send-batch.ts';
import { loseHost, takeHello, takeOutcome, takeWord, tasksOf } from './session-jobs.ts';

/** After a start hosts come back within this time, however many: until then none is judged to be offline. */
const SETTLE_MS = 30 * SECOND_MS;
/** When a session's queue was full: by then it has drained, or the session is dead. */
const RESEND_MS = 500;
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
}

/** Carries rollouts out. Everything that changes one goes through `loop`. */
export interface Driver extends DriverState {
  readonly loop: JobLoop;
  /** A rollout made in a batch takes part from then on; taken back if the batch is not saved. */
  adopt(active: ActiveRollout): void;
  /** Gives tasks that a stop held their turn again. */
  wakeStopped(batch: Batch): void;
  close(): Promise<void>;
}

export async function createDriver(context: KernelContext, deps: DriverDeps): Promise<Driver> {
  const { clock, store, log } = context;
  const active = new Map<string, ActiveRollout>();
  /** Ended rollouts that words of the current batch came late for. */
  const revived = new Map<string, ActiveRollout>();
  const heard = new Map<HostId, number>();
  const held = new Set<HostId>();
  const locks = createHostLocks();
  const outputs = createOutputIntake({ log, isStored: (digest) => hasOutput(store, digest) });
  let isSettled = false;
  let isClosed = false;

  const judgeDeps = {
    ...deps,
    offered: deps.plans.offered,
    locks,
    heard,
    isHeld: (hostId: HostId) => held.has(hostId),
    isSettled: () => isSettled,
  };
  const sendDeps: SendDeps = {
    clock,
    gateway: deps.gateway,
    signer: deps.signer,
    isPresent: (hostId) => isPresent(judgeDeps, hostId),
    creditFor: ({ id, fixed }) => deps.live.creditOf({ id, hostsCount: fixed.hostsCount }),
    unsent(offer) {
      // Until its next hello the host counts as offline: asked again at once, the gateway could only say the same.
      heard.delete(offer.active.state.tasks[offer.index]?.hostId ?? '');
      loop.add({ apply: (batch) => unsent(batch, offer) });
    },
    notWanted: (offer) => void loop.add({ apply: (batch) => unsent(batch, offer) }),
    later: (offer) => void clock.after(RESEND_MS, () => sendOffer(sendDeps, offer)),
  };
  const unsent = (batch: Batch, { active: rollout, index, attempt }: Offer): void => {
    if (active.get(rollout.id) === rollout) batch.feed(rollout, { kind: 'offer-unsent', index, attempt });
  };
  const addTick = (rollout: ActiveRollout): void => {
    loop.add({
      apply: (batch) => {
        if (active.get(rollout.id) === rollout) batch.feed(rollout, { kind: 'tick' });
      },
    });
  };
  const setWake = (rollout: ActiveRollout): void => {
    rollout.cancelWake?.();
    const at = nextWakeAt(rollout.state);
    const delay = at === null ? null : Math.min(WAKE_MS_MAX, Math.max(0, at - clock.now()));
    rollout.cancelWake = delay === null || isClosed ? null : clock.after(delay, () => addTick(rollout));
  };

  const load = async (): Promise<void> => {
    for (const rollout of active.values()) rollout.cancelWake?.();
    active.clear();
    revived.clear();
    locks.clear();
    outputs.clear();
    deps.stops.replaceAll(await readStops(store));
    for (const record of await readActive(store)) {
      const rollout = await loadActive(store, deps.plans, record);
      active.set(rollout.id, rollout);
      for (const task of rollout.state.tasks)
        if ((task.phase === 'offered' || task.phase === 'running') && rollout.isExclusive(task.index))
          locks.take(task.hostId, rollout.id);
    }
    for (const rollout of active.values()) {
      addTick(rollout);
      loop.add({ apply: (batch) => loseMissingHosts(deps, batch, rollout) });
    }
  };

  const settleBatch = async (batch: Batch): Promise<void> => {
    await commitBatch({ ...deps, store }, batch);
    revived.clear();
    for (const touched of batch.touched.values()) {
      const rollout = touched.active;
      if (isRolloutEnd(rollout.state.state)) {
        rollout.cancelWake?.();
        active.delete(rollout.id);
      } else setWake(rollout);
    }
    tellWatchers(deps.live, batch);
  };

  const loop = createJobLoop({
    log,
    newBatch: () =>
      newBatch(
        {
          judge: (rollout, index) => judgeClaim(judgeDeps, rollout, index),
          locks,
          activeOf: (rolloutId) => active.get(rolloutId),
        },
        clock.now(),
      ),
    commit: settleBatch,
    send: (batch) => sendBatch(sendDeps, batch),
    reload: load,
    askToRepeat: (hostId) => deps.gateway.cut(hostId, 'GATEWAY_BUSY'),
    wait: (delayMs) => new Promise((resolve) => void clock.after(delayMs, resolve)),
  });

  const driver: Driver = {
    log,
    gateway: deps.gateway,
    outputs,
    active,
    heard,
    loop,
    adopt: (rollout) => void active.set(rollout.id, rollout),
    async activeOrEnded(rolloutId) {
      const known = active.get(rolloutId) ?? revived.get(rolloutId);
      if (known !== undefined) return known;
      const record = await readRollout(store, rolloutId);
      if (record === null) return null;
      const rollout = await loadActive(store, deps.plans, record);
      revived.set(rolloutId, rollout);
      return rollout;
    },
    wakeStopped: (batch) => wakeHeld(batch, 'stopped'),
    async close() {
      isClosed = true;
      stopListening();
      cancelSettle();
      for (const rollout of active.values()) rollout.cancelWake?.();
      await loop.close();
    },
  };
  const wakeHeld = (batch: Batch, hold: 'stopped' | 'offline'): void => {
    for (const rollout of active.values()) {
      if (rollout.state.held[hold] === 0) continue;
      for (const task of rollout.state.tasks)
        if (task.hold === hold) batch.feed(rollout, { kind: 'host-ready', index: task.index });
    }
  };

  await load();
  const cancelSettle = clock.after(SETTLE_MS, () => {
    isSettled = true;
    loop.add({ apply: (batch) => wakeHeld(batch, 'offline') });
  });
  deps.gateway.listen(sessionListener(driver, deps, held));
  const stopListening = deps.hosts.onChange((change) => noteHostChange(driver, change));
  return driver;
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

function sessionListener(driver: Driver, deps: DriverDeps, held: Set<HostId>): SessionListener {
  const add = (hostId: HostId, apply: (batch: Batch) => void | Promise<void>, bytes = 0): void => {
    // The host repeats what it said in its next session.
    if (!driver.loop.add({ apply, hostId, bytes })) deps.gateway.cut(hostId, 'GATEWAY_BUSY');
  };
  const setHeld = (hostId: HostId, isHeld: boolean): void => {
    if (isHeld) held.add(hostId);
    else held.delete(hostId);
  };
  return {
    opened(session) {
      deps.plans.offered.note(session);
      setHeld(session.hostId, session.hello.isHeld);
      add(session.hostId, (batch) => takeHello(driver, batch, session));
    },
    closed({ hostId, generation }) {
      if (driver.heard.get(hostId) === generation) driver.heard.delete(hostId);
      driver.loop.add({ apply: (batch) => driver.outputs.sessionClosed(hostId, batch) });
    },
    frame({ hostId }, frame) {
      if (frame.kind === 'accepted' || frame.kind === 'started')
        add(hostId, (batch) => takeWord(driver, batch, { hostId, frame }));
      else if (frame.kind === 'outcome')
        add(
          hostId,
          (batch) => takeOutcome(driver, batch, { hostId, frame }),
          frame.outputInline?.length ?? 0,
        );
      else if (frame.kind === 'hold-changed') setHeld(hostId, frame.isHeld);
      else if (frame.kind === 'output') showOutput(driver, deps.live, hostId, frame);
    },
    outputBody: (hostId, digest, body) =>
      driver.loop.run((batch) => {
        if (!driver.outputs.takeBody(batch, hostId, digest, body))
          driver.log.warn('an output came that nobody asked for', { hostId, digest });
      }),
  };
}

function showOutput(
  driver: Driver,
  live: Live,
  hostId: HostId,
  frame: { taskId: string; offsetBytes: number; chunks: { stream: 'stdout' | 'stderr'; text: string }[] },
): void {
  const place = parseTaskId(frame.taskId);
  const rollout = place === null ? undefined : driver.active.get(place.rolloutId);
  const host = rollout?.plan.hosts[place?.index ?? -1];
  if (rollout === undefined || host?.id !== hostId) return;
  const { taskId, offsetBytes, chunks } = frame;
  live.output(
    { id: rollout.id, hostsCount: rollout.fixed.hostsCount },
    { taskId, hostId, hostName: host.name, offsetBytes, chunks },
  );
}

/** What of a host's record decides whether it may be offered anything. */
const standing = (host: HostEntry): string =>
  JSON.stringify([host.state, host.isInMaintenance, host.labels, host.groups]);

function noteHostChange(driver: Driver, { before, after }: HostIndexChange): void {
  if (before === null || (after !== null && standing(before) === standing(after))) return;
  const hostId = before.id;
  driver.loop.add({
    apply(batch) {
      const code = lossOf(after);
      if (code !== null) {
        loseHost(driver, batch, { hostId, code, details: {}, isFinal: after === null });
        return;
      }
      for (const { active, index } of tasksOf(driver, hostId))
        batch.feed(active, { kind: 'host-ready', index });
    },
  });
}

/** Why nothing may be asked of a host any more, or null. */
function lossOf(host: HostEntry | null | undefined): string | null {
  if (host === null || host === undefined) return 'TASK_HOST_GONE';
  return host.state === 'quarantined' ? 'TASK_HOST_QUARANTINED' : null;
}

/** What happened to hosts while the server was down, or between its last two commits. */
function loseMissingHosts(deps: DriverDeps, batch: Batch, rollout: ActiveRollout): void {
  for (const { index, hostId, phase } of rollout.state.tasks) {
    if (phase !== 'offered' && phase !== 'running') continue;
    const host = deps.hosts.index.get(hostId);
    const code = lossOf(host);
    if (code === null) continue;
    const cause = { code, details: {} };
    batch.feed(rollout, { kind: 'host-gone', index, isFinal: host === undefined, cause });
  }
}
