import type { Store, Transaction } from '@pilothouse/store';
import type { AuditService, NewAuditRecord } from '../../audit/service.ts';
import type { BudgetLedger } from '../../budgets/service.ts';
import type { EventsService, NewEvent } from '../../events/service.ts';
import { isRolloutEnd } from '../engine/index.ts';
import { type EndedTask, insertOutputs, writeEndedTasks } from '../result-store.ts';
import { deleteChanges, insertChange, insertRollout, updateRollout } from '../rollout-store.ts';
import { recordOf } from './active-rollout.ts';
import { type Batch, rowsOf, SYSTEM, type Touched } from './batch.ts';
import { refusedByHosts } from './refused-by-hosts.ts';

/** Hosts that one audit record names: about 25 kB. */
const AUDITED_TASKS_MAX = 1000;

export interface CommitDeps {
  readonly store: Store;
  readonly audit: AuditService;
  readonly events: EventsService;
  readonly budgets: Pick<BudgetLedger, 'flush'>;
}

/** Writes all of a batch or none of it. What was changed in memory is on disk when this returns. */
export async function commitBatch(deps: CommitDeps, batch: Batch): Promise<void> {
  const audits: NewAuditRecord[] = [...batch.audits];
  const events: NewEvent[] = [...batch.events];
  await deps.store.transaction(async (transaction) => {
    const endedTasks: EndedTask[] = [];
    for (const write of batch.writes) await write(transaction);
    await insertOutputs(transaction, batch.outputs, batch.now);
    for (const touched of batch.touched.values()) {
      const { ended, open } = rowsOf(touched);
      endedTasks.push(...ended);
      await writeRollout(transaction, touched, open);
      record(touched, ended, audits, events);
    }
    await writeEndedTasks(transaction, endedTasks);
    await deps.budgets.flush(transaction);
    if (audits.length > 0) await deps.audit.append(transaction, audits);
    if (events.length > 0) await deps.events.publish(transaction, events);
  });
}

async function writeRollout(
  transaction: Transaction,
  touched: Touched,
  open: ReturnType<typeof rowsOf>['open'],
): Promise<void> {
  const { active } = touched;
  const isUnchanged = touched.dirty.size === 0 && touched.transitions.length === 0;
  // A word repeated after the end, or a moment at which nothing could go on, changed nothing.
  const headText = JSON.stringify(recordOf(active).head);
  if (isUnchanged && !touched.isNew && (isRolloutEnd(active.state.state) || headText === active.headText))
    return;
  active.revision += 1;
  active.headText = headText;
  if (touched.isNew) await insertRollout(transaction, recordOf(active));
  else await updateRollout(transaction, recordOf(active));
  if (isRolloutEnd(active.state.state)) {
    await deleteChanges(transaction, active.id);
    return;
  }
  if (open.length === 0) return;
  active.changeSequence += 1;
  await insertChange(transaction, { rolloutId: active.id, sequence: active.changeSequence, tasks: open });
}

/**
 * Each transition is one audit record and one event; ended tasks are named together, by how they ended, and beside that those
 * that their hosts turned away for want of people's word.
 */
function record(
  touched: Touched,
  ended: readonly EndedTask[],
  audits: NewAuditRecord[],
  events: NewEvent[],
): void {
  const { active } = touched;
  for (const { to, code, details, by } of touched.transitions) {
    audits.push({
      actor: by.actor,
      action: `rollout.${to}`,
      subject: active.id,
      details: { code, ...details },
      requestId: by.requestId,
    });
    events.push({
      type: 'rollouts.changed',
      hostId: null,
      data: { rolloutId: active.id, state: to, code, details, title: active.fixed.title },
    });
  }
  for (let at = 0; at < ended.length; at += AUDITED_TASKS_MAX) {
    const hostsByState: Record<string, string[]> = {};
    for (const task of ended.slice(at, at + AUDITED_TASKS_MAX)) {
      hostsByState[task.state] ??= [];
      hostsByState[task.state]?.push(task.hostId);
    }
    audits.push({
      actor: SYSTEM,
      action: 'rollout.tasks-ended',
      subject: active.id,
      details: hostsByState,
      requestId: null,
    });
  }
  for (const { code, details: reason, hosts, hostsCount } of refusedByHosts(ended)) {
    const details = { code, ...reason, hosts: [...hosts], hostsCount };
    audits.push({
      actor: SYSTEM,
      action: 'rollout.refused-by-hosts',
      subject: active.id,
      details,
      requestId: null,
    });
    const data = { rolloutId: active.id, ...details, title: active.fixed.title };
    events.push({ type: 'rollouts.refused-by-hosts', hostId: null, data });
  }
}
