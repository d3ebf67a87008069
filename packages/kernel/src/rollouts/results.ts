import {
  AppError,
  type Digest,
  type OutputBody,
  type Page,
  type ResultGroup,
  type Task,
  type TaskState,
} from '@pilothouse/contract';
import type { KernelContext } from '../kernel-context.ts';
import { heldCount, pageCursor, readCursor } from '../page-cursor.ts';
import type { LoadedPlan, PlansService } from '../plans/index.ts';
import { type ActiveRollout, parseTaskId, viewEndedTask, viewTask } from './driver/active-rollout.ts';
import type { Driver } from './driver/create-driver.ts';
import { waveAt } from './driver/plan-waves.ts';
import { isTaskEnd } from './engine/index.ts';
import { readEndedTasks, readGroupKeys, readOutput, readTasksAt } from './result-store.ts';
import type { RolloutRecord } from './rollout-store.ts';

const GROUP_NAMES_MAX = 100;
/** Of each stream. */
const PREVIEW_CHARS_MAX = 4096;
const ROWS_PER_READ = 1000;

export interface ResultDeps {
  readonly context: KernelContext;
  readonly plans: PlansService;
  readonly driver: Driver;
}

/** A rollout that somebody reads, with the hosts they may see. */
export interface Sight {
  readonly record: RolloutRecord;
  readonly plan: LoadedPlan;
  readonly isInScope: (hostId: string) => boolean;
}

export interface TaskQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly state?: TaskState | undefined;
  readonly hostId?: string | undefined;
}

export async function listTasks(deps: ResultDeps, sight: Sight, query: TaskQuery): Promise<Page<Task>> {
  const active = deps.driver.active.get(sight.record.id);
  const from = readCursor(query.cursor, heldCount) ?? 0;
  return active === undefined
    ? listEnded(deps, sight, query, from)
    : listActive(deps, active, { ...query, from, isInScope: sight.isInScope });
}

/** States of a rollout that goes on are in memory; rows have the outcomes of tasks that ended. */
async function listActive(
  deps: ResultDeps,
  active: ActiveRollout,
  query: TaskQuery & { from: number; isInScope: (hostId: string) => boolean },
): Promise<Page<Task>> {
  const { tasks } = active.state;
  const found = [];
  let index = query.from;
  for (; index < tasks.length && found.length < query.limit; index++) {
    const task = tasks[index];
    if (task === undefined || (query.state !== undefined && task.phase !== query.state)) continue;
    if (query.hostId !== undefined && task.hostId !== query.hostId) continue;
    if (query.isInScope(task.hostId)) found.push({ ...task });
  }
  const ended = found.filter((task) => isTaskEnd(task.phase)).map((task) => task.index);
  const rows = await readSaved(deps, active.id, ended);
  return {
    items: found.map((task) => viewTask(active, task, rows.get(task.index)?.body.outcome ?? null)),
    nextCursor: index < tasks.length ? pageCursor(String(index)) : null,
  };
}

/** Memory is ahead of the rows by the commit that is going on: what has ended and has no row is waited for once. */
async function readSaved(deps: ResultDeps, rolloutId: string, indexes: readonly number[]) {
  const rows = await readTasksAt(deps.context.store, rolloutId, indexes);
  if (indexes.every((index) => rows.has(index))) return rows;
  await deps.driver.loop.run(() => {});
  return readTasksAt(deps.context.store, rolloutId, indexes);
}

async function listEnded(
  deps: ResultDeps,
  sight: Sight,
  query: TaskQuery,
  from: number,
): Promise<Page<Task>> {
  const items: Task[] = [];
  for (let fromIndex = from; ; ) {
    const rows = await readEndedTasks(deps.context.store, {
      rolloutId: sight.record.id,
      fromIndex,
      state: query.state ?? null,
      hostId: query.hostId ?? null,
      limit: ROWS_PER_READ,
    });
    for (const row of rows) {
      if (!sight.isInScope(row.hostId)) continue;
      if (items.length === query.limit) return { items, nextCursor: pageCursor(String(row.index)) };
      items.push(viewEndedTask(row, namesOf(sight, row.index)));
    }
    if (rows.length < ROWS_PER_READ) return { items, nextCursor: null };
    fromIndex = (rows.at(-1)?.index ?? 0) + 1;
  }
}

const namesOf = ({ plan }: Sight, index: number) => ({
  hostName: plan.hosts[index]?.name ?? '',
  wave: waveAt(plan, index),
});

interface Grouped {
  readonly key: string;
  readonly firstIndex: number;
  readonly outputDigest: Digest | null;
  readonly openState: TaskState | null;
  names: string[];
}

/** Groups by identical end, the open tasks by state; no body is read but one for each group of the page. */
export async function listGroups(
  deps: ResultDeps,
  sight: Sight,
  query: { cursor?: string | undefined; limit: number },
): Promise<Page<ResultGroup>> {
  const groups = await groupAll(deps, sight);
  const from = readCursor(query.cursor, heldCount) ?? 0;
  const page = groups.slice(from, from + query.limit);
  const rows = await readTasksAt(
    deps.context.store,
    sight.record.id,
    page.map((group) => group.firstIndex),
  );
  const items = await Promise.all(
    page.map(async (group): Promise<ResultGroup> => {
      const row = group.openState === null ? rows.get(group.firstIndex) : undefined;
      const outcome = row?.body.outcome ?? null;
      const body =
        group.outputDigest === null ? null : await readOutput(deps.context.store, group.outputDigest);
      return {
        state: row?.state ?? group.openState ?? 'pending',
        exitCode: outcome?.exitCode ?? null,
        error: outcome?.error ?? row?.body.cause ?? null,
        outputDigest: group.outputDigest,
        hostsCount: group.names.length,
        hostNames: group.names.sort().slice(0, GROUP_NAMES_MAX),
        preview: body === null ? null : previewOf(body),
      };
    }),
  );
  const next = from + page.length;
  return { items, nextCursor: next < groups.length ? pageCursor(String(next)) : null };
}

async function groupAll(deps: ResultDeps, sight: Sight): Promise<Grouped[]> {
  const groups = new Map<string, Grouped>();
  const add = (task: Omit<Grouped, 'names'>, name: string): void => {
    const known = groups.get(task.key);
    if (known === undefined) groups.set(task.key, { ...task, names: [name] });
    else known.names.push(name);
  };
  const nameAt = (index: number): string => sight.plan.hosts[index]?.name ?? '';
  // As they are now: who ends while rows are read is in them, or stands here as what it was.
  const tasks = (deps.driver.active.get(sight.record.id)?.state.tasks ?? []).map((task) => ({ ...task }));
  const ended = new Set<number>();
  for (const { index, hostId, groupKey, outputDigest } of await readSavedKeys(deps, sight.record.id, tasks)) {
    ended.add(index);
    if (sight.isInScope(hostId))
      add({ key: groupKey, firstIndex: index, outputDigest, openState: null }, nameAt(index));
  }
  for (const task of tasks) {
    if (ended.has(task.index) || isTaskEnd(task.phase) || !sight.isInScope(task.hostId)) continue;
    const { phase, index } = task;
    add({ key: `open:${phase}`, firstIndex: index, outputDigest: null, openState: phase }, nameAt(index));
  }
  return [...groups.values()].sort((a, b) => b.names.length - a.names.length || (a.key < b.key ? -1 : 1));
}

async function readSavedKeys(
  deps: ResultDeps,
  rolloutId: string,
  tasks: readonly { readonly index: number; readonly phase: TaskState }[],
) {
  const rows = await readGroupKeys(deps.context.store, rolloutId);
  const saved = new Set(rows.map(({ index }) => index));
  if (tasks.every(({ index, phase }) => !isTaskEnd(phase) || saved.has(index))) return rows;
  await deps.driver.loop.run(() => {});
  return readGroupKeys(deps.context.store, rolloutId);
}

const previewOf = ({ stdout, stderr, cutBytes }: OutputBody): NonNullable<ResultGroup['preview']> => ({
  stdout: stdout.slice(0, PREVIEW_CHARS_MAX),
  stderr: stderr.slice(0, PREVIEW_CHARS_MAX),
  cutBytes,
  hiddenChars:
    Math.max(0, stdout.length - PREVIEW_CHARS_MAX) + Math.max(0, stderr.length - PREVIEW_CHARS_MAX),
});

export async function readTaskOutput(deps: ResultDeps, sight: Sight, taskId: string): Promise<OutputBody> {
  const place = parseTaskId(taskId);
  const host = sight.plan.hosts[place?.index ?? -1];
  if (place?.rolloutId !== sight.record.id || host === undefined || !sight.isInScope(host.id))
    throw new AppError('NOT_FOUND', { what: 'task', id: taskId });
  const rows = await readTasksAt(deps.context.store, place.rolloutId, [place.index]);
  const digest = rows.get(place.index)?.body.outcome?.output?.digest;
  const body = digest === undefined ? null : await readOutput(deps.context.store, digest);
  if (body === null) throw new AppError('OUTPUT_NOT_THERE', { taskId });
  return body;
}
