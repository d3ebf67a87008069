import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openLeftPipe } from '@pilothouse/agent-kit';
import type { Clock } from '@pilothouse/base';
import type { Journal } from '../journal/journal.ts';
import type { AgentLog } from '../log.ts';
import type { OutputBodies } from './output-bodies.ts';
import { readCaptured, removeCaptured } from './output-capture.ts';
import type { TaskFiles } from './task-files.ts';
import { nameOutput, unknownOutcome } from './task-outcome.ts';

/** What an earlier process started and did not end is unknown, with the output it had captured. */
export function settleInterrupted(deps: {
  readonly journal: Journal;
  readonly bodies: OutputBodies;
  readonly files: TaskFiles;
  readonly clock: Clock;
  readonly log: AgentLog;
}): void {
  const { journal, bodies, files, clock, log } = deps;
  for (const { started, outcome } of [...journal.tasks.values()]) {
    if (outcome !== null) continue;
    const output = nameOutput(readCaptured(files.outputOf(started)));
    if (output !== null) bodies.put(output.digest, output.json);
    journal.ended(started, unknownOutcome(started.at, clock.now(), output));
    drainPipes(files.outputOf(started));
    log.warn('task was interrupted', { taskId: started.taskId });
  }
  const kept = new Set([...journal.tasks.values()].map(({ started }) => files.outputOf(started)));
  for (const name of readdirSync(files.outputs)) {
    const directory = join(files.outputs, name);
    if (!kept.has(directory)) removeCaptured(directory);
  }
}

/** A program that outlived the agent must not wait for a reader; what it still says is not kept. */
function drainPipes(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (/^std(out|err)-\d+$/.test(name)) openLeftPipe(join(directory, name))?.resume().unref();
  }
}
