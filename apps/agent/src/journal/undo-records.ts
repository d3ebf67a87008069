import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '@pilothouse/contract';

/** Appends what a rollback restores from, durable on return: JSON lines in one file a task. */
export function recordUndo(
  directory: string,
  task: { readonly taskId: string; readonly attempt: number },
  record: JsonObject,
): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const name = `${task.taskId}-${task.attempt}`.replace(/[^a-zA-Z0-9_-]/g, '-');
  const file = openSync(join(directory, `${name}.jsonl`), 'a', 0o600);
  try {
    writeSync(file, `${JSON.stringify(record)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
