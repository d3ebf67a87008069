import type { HostId } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import type { LoadedPlan, PlansService } from '../../plans/index.ts';
import { type EngineState, type EngineTask, newState, newTask, restoreState } from '../engine/index.ts';
import { type EndedTask, readEndedTasks } from '../result-store.ts';
import { type OpenTask, type RolloutRecord, readChanges } from '../rollout-store.ts';
import { type ActiveRollout, configOf } from './active-rollout.ts';

const ROWS_PER_READ = 2000;

interface Parts {
  readonly plans: Pick<PlansService, 'effectOf'>;
  readonly plan: LoadedPlan;
  readonly record: Pick<RolloutRecord, 'id' | 'planDigest' | 'fixed' | 'revision'>;
  readonly state: EngineState;
  readonly changeSequence: number;
}

export function activeFrom({ plans, plan, record, state, changeSequence }: Parts): ActiveRollout {
  const indexOfHost = new Map<HostId, number>(plan.hosts.map((host, index) => [host.id, index]));
  // A dry run changes nothing, and neither does an action of class `read`: they may overlap with anything.
  const isListExclusive = plan.actionLists.map(
    (list) => record.fixed.kind === 'run' && plans.effectOf({ ...plan, actionLists: [list] }) !== 'read',
  );
  return {
    ...record,
    plan,
    state,
    indexOfHost,
    isExclusive: (index) => isListExclusive[plan.listOf[index] ?? -1] ?? true,
    changeSequence,
    cancelWake: null,
  };
}

export const freshState = (record: Parts['record'], plan: LoadedPlan): EngineState =>
  newState(
    configOf(record.id, record.fixed),
    plan.hosts.map((host) => host.id),
  );

/** Reads a rollout back as it was at its last commit. */
export async function loadActive(
  store: Store,
  plans: Pick<PlansService, 'effectOf' | 'load'>,
  record: RolloutRecord,
): Promise<ActiveRollout> {
  const plan = await plans.load(record.planDigest);
  if (plan === null) throw new Error(`rollout ${record.id} has no plan ${record.planDigest}`);
  const config = configOf(record.id, record.fixed);
  const tasks = plan.hosts.map((host, index) => newTask(config, host.id, index));
  const changes = await readChanges(store, record.id);
  for (const change of changes.tasks) applyChange(tasks, change);
  for (let from = 0; ; ) {
    const rows = await readEndedTasks(store, {
      rolloutId: record.id,
      fromIndex: from,
      state: null,
      hostId: null,
      limit: ROWS_PER_READ,
    });
    for (const row of rows) applyEnd(tasks, row);
    if (rows.length < ROWS_PER_READ) break;
    from = (rows.at(-1)?.index ?? 0) + 1;
  }
  const { head, state } = record;
  const restored = restoreState({ config, tasks, state, ...head });
  return activeFrom({ plans, plan, record, state: restored, changeSequence: changes.lastSequence });
}

function applyChange(tasks: readonly EngineTask[], change: OpenTask): void {
  const [index, phase, attempt, isAccepted, offeredAt, startedAt, deadlineAt, ask] = change;
  const task = tasks[index];
  if (task !== undefined)
    Object.assign(task, { phase, attempt, isAccepted, offeredAt, startedAt, deadlineAt, ask });
}

function applyEnd(tasks: readonly EngineTask[], row: EndedTask): void {
  const task = tasks[row.index];
  if (task === undefined) return;
  Object.assign(task, {
    phase: row.state,
    attempt: row.attempt,
    cause: row.body.cause,
    ask: null,
    isAccepted: false,
    offeredAt: row.body.offeredAt,
    startedAt: row.body.startedAt,
    endedAt: row.endedAt,
    deadlineAt: null,
  });
}
