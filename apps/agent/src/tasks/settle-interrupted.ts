/**
 * What an earlier process started and did not end: taken up where its stage says, or unknown when it is in none, with the
 * output it had captured and the actions that had ended.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openLeftPipe } from '@pilothouse/agent-kit';
import { DAY_MS } from '@pilothouse/base';
import { removeIfPossible } from '../data-directory.ts';
import type { JournalTask } from '../journal/replay-journal.ts';
import { fitOutcome } from './fit-outcome.ts';
import { LiveOutput } from './live-output.ts';
import type { LiveTask } from './live-task.ts';
import { readCaptured, removeCaptured } from './output-capture.ts';
import { readLeftTask } from './stages.ts';
import { nameOutput, unknownOutcome } from './task-outcome.ts';
import type { TaskWorld } from './task-world.ts';

type SettleWorld = Pick<TaskWorld, 'journal' | 'history' | 'bodies' | 'files' | 'clock' | 'log'>;

/** Those to go on with; all others have their outcome. */
export function settleInterrupted(
  world: SettleWorld,
  locksOf: (payload: LiveTask['payload']) => readonly string[],
): LiveTask[] {
  const { journal, files } = world;
  const left: LiveTask[] = [];
  for (const task of [...journal.tasks.values()]) {
    if (task.outcome !== null) continue;
    drainPipes(files.outputOf(task.started));
    const resumed = resumeOf(task, world, locksOf);
    if (resumed === null) endUnknown(task, world);
    else left.push(resumed);
  }
  const kept = new Set([...journal.tasks.values()].map(({ started }) => files.outputOf(started)));
  for (const name of readdirSync(files.outputs)) {
    const directory = join(files.outputs, name);
    if (!kept.has(directory)) removeCaptured(directory);
  }
  removeOldScratch(world);
  return left;
}

/** A program that outlived its agent may still look into its task's directory; after a day none does. */
function removeOldScratch({ files, clock }: SettleWorld): void {
  for (const name of readdirSync(files.scratch)) {
    const path = join(files.scratch, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && clock.now() - found.mtimeMs > DAY_MS) removeIfPossible(path);
  }
}

function resumeOf(
  { started, stage, actions }: JournalTask,
  { files, log }: SettleWorld,
  locksOf: (payload: LiveTask['payload']) => readonly string[],
): LiveTask | null {
  if (stage === null) return null;
  const left = readLeftTask(files, started);
  if (left === null) return null;
  log.info('task is taken up', { taskId: started.taskId, stage: stage.kind });
  return {
    payload: left.payload,
    probesBefore: left.probesBefore,
    locks: locksOf(left.payload),
    // The server gives credit again when it looks again.
    live: new LiveOutput(0),
    controller: new AbortController(),
    resume: { ended: actions, stage },
    hasLocks: false,
    isTold: true,
    startedAt: started.at,
  };
}

function endUnknown({ started, actions }: JournalTask, world: SettleWorld): void {
  const { journal, history, bodies, files, clock, log } = world;
  const output = nameOutput(readCaptured(files.outputOf(started)));
  if (output !== null) bodies.put(output.digest, output.json);
  const outcome = unknownOutcome(started.at, clock.now(), output);
  const ended = actions.length === 0 ? {} : { actions: [...actions] };
  journal.ended(started, fitOutcome({ ...outcome, ...ended }));
  history.ended(started, outcome);
  log.warn('task was interrupted', { taskId: started.taskId });
}

/** A program that outlived the agent must not wait for a reader; what it still says is not kept. */
function drainPipes(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (/^std(out|err)-\d+$/.test(name)) openLeftPipe(join(directory, name))?.resume().unref();
  }
}
