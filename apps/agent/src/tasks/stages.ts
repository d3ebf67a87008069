import { closeSync, fsyncSync, openSync } from 'node:fs';
import { EnvelopePayload, ProbeResult } from '@pilothouse/contract';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../data-directory.ts';
import type { LiveTask } from './live-task.ts';
import type { StepStages } from './step-run.ts';
import type { TaskFiles } from './task-files.ts';
import type { TaskTimer } from './task-timer.ts';
import type { TaskWorld } from './task-world.ts';

/** What it takes to go on with a task in another process, beside what the journal says of it. */
const LeftTask = z.object({ payload: EnvelopePayload, probesBefore: z.array(ProbeResult).max(8) });
export type LeftTask = z.infer<typeof LeftTask>;

/** Null when it is not there, or not what this agent understands. */
export function readLeftTask(files: TaskFiles, task: { taskId: string; attempt: number }): LeftTask | null {
  const text = readIfThere(files.leftTask(task));
  if (text === null) return null;
  try {
    const parsed = LeftTask.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON: it was damaged after it was written.
    return null;
  }
}

export function createStages(task: LiveTask, timer: TaskTimer, world: TaskWorld): StepStages {
  const { payload, probesBefore } = task;
  const { journal, files, clock, bootId, session, parked, serverTime } = world;
  let isKept = task.resume !== null;
  return {
    clock,
    bootId,
    session,
    parked,
    enter(stage) {
      if (!isKept) {
        writeDurably(files.leftTask(payload), JSON.stringify({ payload, probesBefore }));
        syncDirectory(files.outputs);
        isKept = true;
      }
      journal.stage(payload, stage);
    },
    leave: () => journal.stage(payload, null),
    pauseTimer: () => timer.stop(),
    restartTimer: () => timer.restart(),
    serverNowMs: () => Math.round(session.serverNowMs() ?? serverTime.now() ?? clock.now()),
  };
}

function syncDirectory(directory: string): void {
  const folder = openSync(directory, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
