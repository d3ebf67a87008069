import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

interface TaskName {
  readonly taskId: string;
  readonly attempt: number;
}

/** Where the files of tasks lie, below one directory of the agent's. */
export interface TaskFiles {
  readonly directory: string;
  readonly scratch: string;
  readonly outputs: string;
  /** Captured output and pipes of one attempt. */
  outputOf(task: TaskName): string;
  /** What another process needs to go on with it. */
  leftTask(task: TaskName): string;
}

export function openTaskFiles(directory: string): TaskFiles {
  const scratch = join(directory, 'scratch');
  const outputs = join(directory, 'outputs');
  for (const path of [scratch, outputs]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const outputOf = (task: TaskName): string => join(outputs, fileNameOf(task));
  return { directory, scratch, outputs, outputOf, leftTask: (task) => join(outputOf(task), 'left.json') };
}

/** A task's id is the server's word; here it becomes a name that cannot leave its directory. */
const fileNameOf = ({ taskId, attempt }: TaskName): string =>
  `${taskId}-${attempt}`.replace(/[^a-zA-Z0-9_-]/g, '-');
