import { type HostId, type JsonObject } from '@pilothouse/contract';
import type { AgentFrameOf } from '@pilothouse/wire';
import type { OpenSession } from '../../gateway/service.ts';
import type { Input } from '../engine/index.ts';
import { isTaskEnd } from '../engine/index.ts';
import { type ActiveRollout, parseTaskId } from './active-rollout.ts';
import type { Batch } from './batch.ts';
import type { DriverState } from './driver-state.ts';
import { noteBroken } from './load-active.ts';

/** Takes in a new session: compares the host's journal with the open tasks, and gives held tasks their turn. */
export function takeHello(driver: DriverState, batch: Batch, session: OpenSession): void {
  const { hostId, generation, hello } = session;
  if (driver.gateway.session(hostId)?.generation !== generation) return;
  driver.heard.set(hostId, generation);
  const journal = new Map(hello.journal.map((entry) => [entry.taskId, entry]));
  for (const { active, index } of tasksOf(driver, hostId)) {
    const task = active.state.tasks[index];
    if (task === undefined || isTaskEnd(task.phase)) continue;
    const entry = journal.get(`${active.id}.${index}`);
    const known = entry?.attempt === task.attempt ? entry.state : 'absent';
    batch.feed(active, { kind: 'journal', index, attempt: task.attempt, entry: known });
    batch.feed(active, { kind: 'host-ready', index });
  }
}

/** The share that a host has in each active rollout. */
export function* tasksOf(
  driver: Pick<DriverState, 'active'>,
  hostId: HostId,
): Generator<{ active: ActiveRollout; index: number }> {
  for (const active of driver.active.values()) {
    const index = active.indexOfHost.get(hostId);
    if (index !== undefined) yield { active, index };
  }
}

/** `accepted` and `started`: words about tasks that are not open any more change nothing. */
export function takeWord(
  driver: DriverState,
  batch: Batch,
  from: { hostId: HostId; frame: AgentFrameOf<'accepted'> | AgentFrameOf<'started'> },
): void {
  const { kind, taskId, attempt } = from.frame;
  const place = parseTaskId(taskId);
  const active = place === null ? undefined : driver.active.get(place.rolloutId);
  if (place === null || active === undefined || !isOwn(driver, active, { ...from, index: place.index }))
    return;
  batch.feed(active, { kind, index: place.index, attempt });
}

/**
 * Saves an outcome. A host that repeats itself gets the same acknowledgement again; a task that this server does not
 * know is acknowledged, too, or its host would keep it for ever (after a restore from a backup, say).
 */
export async function takeOutcome(
  driver: DriverState,
  batch: Batch,
  from: { hostId: HostId; frame: AgentFrameOf<'outcome'> },
): Promise<void> {
  const { frame, hostId } = from;
  const { taskId, attempt, outcome, outputInline } = frame;
  const place = parseTaskId(taskId);
  const active = place === null ? null : await driver.activeOrEnded(place.rolloutId);
  if (place === null || active === null) {
    driver.log.warn('outcome of an unknown task', { hostId, taskId });
    batch.sends.push({ kind: 'frame', hostId, frame: { kind: 'outcome-saved', taskId, attempt } });
    return;
  }
  const { index } = place;
  if (!isOwn(driver, active, { hostId, index })) return;
  const before = active.state.tasks[index]?.phase;
  const word = { kind: outcome.kind, startedAt: outcome.startedAt, error: outcome.error };
  const input: Input = { kind: 'outcome', index, attempt, outcome: word };
  batch.feed(active, input);
  const after = active.state.tasks[index]?.phase;
  if (after !== undefined && after !== before && isTaskEnd(after)) {
    batch.touch(active).outcomes.set(index, outcome);
    noteBroken(active.brokenBefore, index, outcome);
    if (active.fixed.kind === 'run') driver.noteProbes(hostId, outcome.probes?.after ?? []);
  }
  // An output that is small is saved with its outcome, so one that comes for an ended task and is not there was made up.
  const digest = outcome.output?.digest;
  const isRepeat = before !== undefined && isTaskEnd(before) && outputInline !== null;
  if (isRepeat && digest !== undefined && !(await driver.outputs.isThere(batch, digest))) {
    driver.log.warn('a host changed the output of a task that had ended', { hostId, taskId });
    driver.gateway.suspect(hostId, 'outcome-changed');
    batch.sends.push({ kind: 'frame', hostId, frame: { kind: 'outcome-saved', taskId, attempt } });
    return;
  }
  await driver.outputs.takeOutcome(batch, { hostId, taskId, attempt }, { outcome, inline: outputInline });
}

/** A host speaks for its own share alone. */
function isOwn(driver: DriverState, active: ActiveRollout, word: { hostId: HostId; index: number }): boolean {
  const isRight = active.state.tasks[word.index]?.hostId === word.hostId;
  if (!isRight) {
    driver.log.warn('host spoke of a task of another', { ...word, rolloutId: active.id });
    driver.gateway.suspect(word.hostId, 'task-of-another-host');
  }
  return isRight;
}

/** A host that must not be offered anything any more; `isFinal` when no answer will ever come. */
export function loseHost(
  driver: DriverState,
  batch: Batch,
  lost: { hostId: HostId; code: string; details: JsonObject; isFinal: boolean },
): void {
  const { hostId, isFinal, code, details } = lost;
  for (const { active, index } of tasksOf(driver, hostId))
    batch.feed(active, { kind: 'host-gone', index, isFinal, cause: { code, details } });
}
