import type { HostId } from '@pilothouse/contract';
import type { KernelContext } from '../../kernel-context.ts';
import type { Reconciler } from '../../plugins/index.ts';
import { hasOutput } from '../result-store.ts';
import { readRollout } from '../rollout-store.ts';
import { touchedBefore } from '../touched-before.ts';
import { createAbsences, GRACE_MAX_MS, GRACE_MS, LOOK_AGAIN_MS } from './absences.ts';
import type { ActiveRollout } from './active-rollout.ts';
import { askReturning } from './ask-returning.ts';
import { watchAuthority } from './authority-watch.ts';
import { type Background, createBackground } from './background.ts';
import { type Batch, newBatch } from './batch.ts';
import { carryOutBetween } from './between-waves.ts';
import {
  type DriverCore,
  type DriverDeps,
  judgeDepsOf,
  loadAll,
  mayComeBack,
  settleBatch,
  settlePresence,
  wakeHeld,
} from './driver-core.ts';
import type { DriverState } from './driver-state.ts';
import { createHeldLine } from './held-line.ts';
import { createHostLocks } from './host-locks.ts';
import { createJobLoop, type JobLoop } from './job-loop.ts';
import { hasCapability, isClosedNow, isPresent, judgeClaim } from './judge-claim.ts';
import { noteHostChange, sessionListener } from './listen-to-hosts.ts';
import { loadActive } from './load-active.ts';
import { createOutputIntake } from './output-intake.ts';
import { createProbeRounds } from './probe-rounds.ts';
import { createReturnFlow } from './return-flow.ts';
import { reviewWindows } from './review-windows.ts';
import { giveTurns, type Room, releaseClaim, wakeOverBudget } from './room.ts';
import { createPayloadText } from './seal-envelopes.ts';
import { type Offer, payloadOf, type SendDeps, sendBatch, sendOffer } from './send-batch.ts';
import { tasksOf } from './session-jobs.ts';

/** When a session's queue was full: by then it has drained, or the session is dead. */
const RESEND_MS = 500;

/** Carries rollouts out. Everything that changes one goes through `loop`. */
export interface Driver extends DriverState {
  readonly loop: JobLoop;
  /** A rollout made in a batch takes part from then on; taken back if the batch is not saved. */
  adopt(active: ActiveRollout): void;
  /** Runs `drop`, which drops outputs that no task names, so that none goes that a host has just been told is kept. */
  dropOutputs(drop: () => Promise<number>): Promise<number>;
  /** Gives tasks that a stop held their turn again. */
  wakeStopped(batch: Batch): void;
  readonly authority: DriverDeps['authority'];
  readonly background: Background;
  readonly reconcilers: readonly Reconciler[];
  /** Asks again what people have yet to approve of this plan. */
  checkAuthority(planDigest: string | null): void;
  close(): Promise<void>;
}

/** Reads back what was going on and goes on with it as hosts come back. */
export async function createDriver(context: KernelContext, deps: DriverDeps): Promise<Driver> {
  const { clock, store, log } = context;
  const flow = createReturnFlow(clock);
  const core: DriverCore = {
    context,
    deps,
    active: new Map(),
    revived: new Map(),
    heard: new Map(),
    held: new Set(),
    flow,
    absences: createAbsences({ clock, flow, over: (hostIds) => giveUpOn(core, hostIds) }),
    room: newRoom(deps.budgets),
    probes: probeRoundsOf(context, deps, () => core),
    outputs: createOutputIntake({ log, isStored: (digest) => hasOutput(store, digest) }),
    loop: createJobLoop({
      log,
      newBatch: () => batchOf(core),
      commit: (batch) => settleBatch(core, batch),
      send: (batch) => sendBatch(sendDeps, batch),
      reload: () => loadAll(core),
      askToRepeat: (hostId) => deps.gateway.cut(hostId, 'GATEWAY_BUSY'),
      wait: (delayMs) => new Promise((resolve) => void clock.after(delayMs, resolve)),
    }),
    background: createBackground(),
    isSettled: false,
    isClosed: false,
  };
  const sendDeps = sendDepsOf(core);
  const driver = driverOver(core, () => {
    stopListening();
    cancelSettle();
    core.absences.close();
  });
  await loadAll(core);
  const cancelSettle = settleInTime(core);
  deps.gateway.listen(sessionListener(core, driver));
  const stops = [
    deps.hosts.onChange((change) => noteHostChange(driver, change)),
    deps.budgets.onRoom(onceQueued(core, (batch) => wakeOverBudget(core.room, batch))),
    deps.calendar.onChanged(onceQueued(core, (batch) => reviewWindows(core, batch))),
    deps.authority.onChanged((planDigest) => driver.checkAuthority(planDigest)),
  ];
  const stopListening = (): void => {
    for (const stop of stops) stop();
  };
  return driver;
}

const newRoom = (budgets: DriverDeps['budgets']): Room => ({
  budgets,
  locks: createHostLocks(),
  overBudget: createHeldLine('over-budget'),
  crowded: createHeldLine('crowded'),
  freedPlaces: new Set(),
});

const probeRoundsOf = (context: KernelContext, deps: DriverDeps, core: () => DriverCore) =>
  createProbeRounds({
    clock: context.clock,
    gateway: deps.gateway,
    isPresent: (hostId) => isPresent({ gateway: deps.gateway, heard: core().heard }, hostId),
    canProbe: (hostId) => hasCapability(deps, hostId, 'probes'),
    mayComeBack: (hostId) => mayComeBack(core(), hostId),
    hasLeft: (hostId) => !deps.hosts.index.has(hostId),
    envelopeFor(active, index) {
      const attempt = active.state.tasks[index]?.attempt ?? 1;
      return deps.signer.envelope(
        payloadOf(active, { index, attempt, kind: 'probe', startBy: null }, context.clock.now()),
      );
    },
  });

/** After a start of the server no host was here a moment ago, and all of them may be on their way. */
function settleInTime(core: DriverCore): () => void {
  const { clock } = core.context;
  const lastAt = clock.monotonic() + GRACE_MAX_MS;
  const look = (): void => {
    const missing = core.deps.hosts.index.size - core.heard.size;
    if (clock.monotonic() < lastAt && core.flow.isOn(missing)) cancel = clock.after(LOOK_AGAIN_MS, look);
    else core.loop.add({ apply: (batch) => settlePresence(core, batch) });
  };
  let cancel = clock.after(GRACE_MS, look);
  return () => cancel();
}

/** They are offline, then: whatever waited for them is judged anew. */
function giveUpOn(core: DriverCore, hostIds: readonly HostId[]): void {
  core.loop.add({
    apply(batch) {
      for (const hostId of hostIds)
        for (const { active, index } of tasksOf(core, hostId))
          if (active.state.tasks[index]?.hold === 'settling')
            batch.feed(active, { kind: 'host-ready', index });
    },
  });
}

/** However often it is asked for, the job stands in the queue once. */
function onceQueued(core: DriverCore, apply: (batch: Batch) => void): () => void {
  let isQueued = false;
  return () => {
    if (isQueued) return;
    const job = (batch: Batch): void => {
      isQueued = false;
      apply(batch);
    };
    isQueued = core.loop.add({ apply: job });
  };
}

function batchOf(core: DriverCore): Batch {
  const judgeDeps = judgeDepsOf(core);
  const { room, deps, context, probes } = core;
  const between = {
    log: context.log,
    gates: deps.gates,
    probes,
    notifications: deps.notifications,
    answer: answerTo(core),
    rollBack: deps.rollBack,
    touchedBefore: (retryOf: string | null) => touchedBefore(context.store, retryOf),
  };
  return newBatch(
    {
      judge: (rollout, index) => judgeClaim(judgeDeps, rollout, index),
      release: (rollout, claim) => releaseClaim(room, rollout, claim),
      activeOf: (rolloutId) => core.active.get(rolloutId),
      betweenWaves: (batch, rollout, effect) => carryOutBetween(between, batch, rollout, effect),
      giveTurns: (batch, rollout) => giveTurns(room, batch, rollout),
    },
    context.clock.now(),
  );
}

/** After a reload the rollout is another object: an answer to what was asked before it is stale. */
const answerTo =
  (core: DriverCore): Parameters<typeof carryOutBetween>[0]['answer'] =>
  (active, asked, verdict) => {
    core.loop.add({
      apply: (batch) => {
        if (core.active.get(active.id) === active)
          batch.feed(active, { kind: 'gate-judged', asked, verdict });
      },
    });
  };

function driverOver(core: DriverCore, stopListening: () => void): Driver {
  const { context, deps, active, revived } = core;
  return {
    log: context.log,
    gateway: deps.gateway,
    outputs: core.outputs,
    active,
    heard: core.heard,
    loop: core.loop,
    background: core.background,
    authority: deps.authority,
    noteProbes(hostId, results) {
      for (const { name, isPassing } of results)
        deps.budgets.setFailing({ hostId, source: `probe:${name}`, isFailing: !isPassing });
    },
    adopt: (rollout) => void active.set(rollout.id, rollout),
    async activeOrEnded(rolloutId) {
      const known = active.get(rolloutId) ?? revived.get(rolloutId);
      if (known !== undefined) return known;
      const record = await readRollout(context.store, rolloutId);
      if (record === null) return null;
      const rollout = await loadActive({ ...deps, store: context.store }, record);
      revived.set(rolloutId, rollout);
      return rollout;
    },
    async dropOutputs(drop) {
      // After it no batch is under way that rests on what the store has.
      await core.loop.run(() => core.outputs.setSweeping(true));
      try {
        return await drop();
      } finally {
        core.outputs.setSweeping(false);
      }
    },
    wakeStopped: (batch) => wakeHeld(core, batch, 'stopped'),
    checkAuthority: (planDigest) => watchAuthority(core, planDigest),
    reconcilers: [askReturning(core)],
    async close() {
      core.isClosed = true;
      stopListening();
      for (const rollout of active.values()) rollout.cancelWake?.();
      core.probes.clear();
      await core.loop.close();
    },
  };
}

function sendDepsOf(core: DriverCore): SendDeps {
  const { deps, context, heard } = core;
  const judgeDeps = judgeDepsOf(core);
  const giveBack = ({ active, index, attempt }: Offer): void => {
    core.loop.add({
      apply: (batch) => {
        if (core.active.get(active.id) === active)
          batch.feed(active, { kind: 'offer-unsent', index, attempt });
      },
    });
  };
  const sendDeps: SendDeps = {
    clock: context.clock,
    gateway: deps.gateway,
    signer: deps.signer,
    payloadText: createPayloadText(),
    isPresent: (hostId) => isPresent(judgeDeps, hostId),
    takesBatches: (hostId) => hasCapability(deps, hostId, 'batch-signature'),
    isClosedNow: (rollout, index) => isClosedNow(judgeDeps, rollout, index),
    creditFor: ({ id, fixed }) => deps.live.creditOf({ id, hostsCount: fixed.hostsCount }),
    unsent(offer) {
      // Until its next hello the host counts as offline: asked again at once, the gateway could only say the same.
      heard.delete(offer.active.state.tasks[offer.index]?.hostId ?? '');
      giveBack(offer);
    },
    notWanted: giveBack,
    later: (offer) => void context.clock.after(RESEND_MS, () => sendOffer(sendDeps, offer)),
    cut: (hostId) => deps.gateway.cut(hostId, 'GATEWAY_BUSY'),
  };
  return sendDeps;
}
