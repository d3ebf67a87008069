import { join } from 'node:path';
import { ok } from '@pilothouse/base';
import type { EnvelopePayload, TaskOutcome } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import type { FakeClock } from '@pilothouse/testkit/fake-clock';
import { Journal } from '../src/journal/journal.ts';
import { openUndoRecords } from '../src/journal/undo-records.ts';
import { createAgentRegistry } from '../src/kernel-actions/create-agent-registry.ts';
import { createOutputBodies } from '../src/tasks/output-bodies.ts';
import { createServerTime } from '../src/tasks/server-time.ts';
import { TaskRunner } from '../src/tasks/task-runner.ts';
import { stagedPlugin } from './staged-plugin.ts';
import { type EnvelopeWish, HOST_ID, newEnvelopeKey, payloadOf, sealEnvelope } from './test-authority.ts';

const key = newEnvelopeKey();

/** What stays when a process of the agent ends: its files, the time, and how many tasks it was offered. */
export interface StagedPlace {
  readonly directory: string;
  readonly clock: FakeClock;
  tasksOffered: number;
}

/** One process of the agent on a directory, with its task runner alone; the session is the test's to open. */
export function startStagedRunner(place: StagedPlace, bootId = 'b1') {
  const { clock } = place;
  const file = (name: string): string => join(place.directory, name);
  const journal = Journal.open(file('journal'));
  const serverTime = createServerTime(clock, journal.serverTimeFloorMs);
  serverTime.learn(clock.now());
  const undo = openUndoRecords({ directory: file('undo'), now: () => clock.now(), isOpen: () => false });
  const outcomes: TaskOutcome[] = [];
  const words: string[] = [];
  const said: string[] = [];
  const session = scriptedSession(clock);
  const runner = new TaskRunner({
    directory: file('tasks'),
    journal,
    undo,
    serverTime,
    clock,
    bootId,
    bodies: createOutputBodies(file('bodies')),
    registry: createAgentRegistry([stagedPlugin], { isRoot: true, undo }),
    gatekeeper: {
      judge: () => ok({ by: 'server', keys: [] }),
      isStrict: () => false,
      surelyNowMs: () => clock.now(),
    },
    history: { began() {}, ended() {} },
    log: { info() {}, warn() {}, error() {} },
    isRoot: true,
    hasScopes: false,
    session: session.face,
    collectAgain: () => {},
    judge: () => ({ hostId: HOST_ID, trustedKeys: [{ id: key.id, raw: key.raw }], isHeld: false }),
    send(frame) {
      said.push(frame.kind);
      if (frame.kind === 'outcome') outcomes.push(frame.outcome);
      if (frame.kind === 'task-word') words.push(frame.state);
      return true;
    },
  });
  return {
    runner,
    journal,
    undo,
    outcomes,
    said,
    words,
    drops: session.drops,
    stage: () => [...journal.tasks.values()][0]?.stage?.kind ?? null,
    openSession: session.open,
    offer(wish: EnvelopeWish): EnvelopePayload {
      place.tasksOffered += 1;
      const payload = payloadOfTask(`t_${place.tasksOffered}`, wish, clock.now());
      const { taskId, attempt } = payload;
      const envelope = sealEnvelope(payload, key);
      runner.offer({ kind: 'offer', generation: 1, taskId, attempt, envelope, outputCreditBytes: 0 });
      return payload;
    },
    outcome: () => until('an outcome', 5000, async () => outcomes[0] ?? null),
    async inStage(kind: string) {
      await until(kind, 5000, async () =>
        [...journal.tasks.values()][0]?.stage?.kind === kind ? true : null,
      );
    },
    /** As kill -9 leaves it: what waits in this process is never heard of again. */
    async end() {
      await runner.stop();
      journal.close();
    },
  };
}

const payloadOfTask = (taskId: string, wish: EnvelopeWish, nowMs: number): EnvelopePayload =>
  payloadOf({
    ...wish,
    nowMs,
    header: { title: taskId, ...wish.header },
    payload: { taskId, timeoutMs: 600_000, ...wish.payload },
  });

/** A session that opens when the test says so, and counts how often it was dropped. */
function scriptedSession(clock: FakeClock) {
  const waiting = new Set<() => void>();
  let drops = 0;
  let sessions = 0;
  return {
    drops: () => drops,
    open: () => {
      sessions += 1;
      for (const tell of waiting) tell();
    },
    face: {
      drop() {
        drops += 1;
        return sessions;
      },
      serverNowMs: () => clock.now(),
      openedAfter: (count: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          if (sessions > count) return resolve();
          waiting.add(resolve);
          signal.addEventListener('abort', () => waiting.delete(resolve));
        }),
    },
  };
}
