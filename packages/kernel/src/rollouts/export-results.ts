import type { Digest, OutputBody, Task } from '@pilothouse/contract';
import { readOutput } from './result-store.ts';
import { listTasks, type ResultDeps, type Sight } from './results.ts';

const TASKS_PER_READ = 500;
/** Distinct outputs kept while exporting; hosts of one build print the same. */
const OUTPUTS_KEPT_MAX = 32;
/** What spreadsheets take in one cell. */
const CELL_CHARS_MAX = 32_000;

export const CSV_COLUMNS = [
  'host_id',
  'host_name',
  'state',
  'attempt',
  'exit_code',
  'error',
  'offered_at',
  'started_at',
  'ended_at',
  'stdout',
  'stderr',
  'cut_bytes',
] as const;

/** Every task with its output, in order of host id, read as fast as the reader takes it. */
export async function* exportTasks(
  deps: ResultDeps,
  sight: Sight,
): AsyncGenerator<{ task: Task; output: OutputBody | null }> {
  const kept = new Map<Digest, OutputBody | null>();
  let cursor: string | undefined;
  do {
    const page = await listTasks(deps, sight, { cursor, limit: TASKS_PER_READ });
    for (const task of page.items) {
      const digest = task.outcome?.output?.digest;
      if (digest !== undefined && !kept.has(digest)) {
        kept.set(digest, await readOutput(deps.context.store, digest));
        const oldest = kept.keys().next().value;
        if (kept.size > OUTPUTS_KEPT_MAX && oldest !== undefined) kept.delete(oldest);
      }
      yield { task, output: digest === undefined ? null : (kept.get(digest) ?? null) };
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

export function csvRow({ task, output }: { task: Task; output: OutputBody | null }): unknown[] {
  const cell = (text: string | undefined): string => (text ?? '').slice(0, CELL_CHARS_MAX);
  return [
    task.hostId,
    task.hostName,
    task.state,
    task.attempt,
    task.outcome?.exitCode ?? null,
    task.outcome?.error?.code ?? task.cause?.code ?? null,
    task.offeredAt,
    task.startedAt,
    task.endedAt,
    cell(output?.stdout),
    cell(output?.stderr),
    output?.cutBytes ?? null,
  ];
}
