/**
 * Asks hosts after tasks that the server has given up on and whose leases still count them as down.
 *
 * Problem: a task may pass its deadline while its host stays in session: nothing would ever say that the host is well again,
 * and its lease would hold others up until the host happens to reconnect. Rule: it is asked, again and again, whether it
 * still knows of the task. That it does not, or that the task has ended, is its word, and the lease ends; that it is still at
 * work keeps the lease. An agent that cannot be asked is asked to come back once: its next hello says as much.
 */
import { SECOND_MS } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import type { AgentFrameOf } from '@pilothouse/wire';
import type { LeaseReturning } from '../../budgets/service.ts';
import type { Reconciler } from '../../plugins/index.ts';
import type { DriverCore } from './driver-core.ts';
import { hasCapability, isPresent } from './judge-claim.ts';

const ASK_INTERVAL_MS = 30 * SECOND_MS;

export function askReturning(core: Pick<DriverCore, 'deps' | 'heard'>): Reconciler {
  const { budgets, gateway } = core.deps;
  /** Agents that were asked to come back, by the lease that it was for; as many as there are such leases. */
  let sentAway = new Set<string>();
  return {
    name: 'rollouts.ask-returning',
    intervalMs: ASK_INTERVAL_MS,
    async run() {
      const leases = budgets.returning();
      const names = new Set(leases.map(({ taskId }) => taskId));
      sentAway = new Set([...sentAway].filter((taskId) => names.has(taskId)));
      for (const { taskId, hostId } of leases) {
        if (!isPresent({ gateway, heard: core.heard }, hostId)) continue;
        if (hasCapability({ gateway }, hostId, 'task-word'))
          gateway.send(hostId, { kind: 'task-ask', taskId });
        else if (!sentAway.has(taskId)) {
          sentAway.add(taskId);
          gateway.cut(hostId, 'GATEWAY_BUSY');
        }
      }
    },
  };
}

/** The host is done with it: what it holds for the task is given back. A host answers for its own leases alone. */
export function takeTaskWord(
  core: Pick<DriverCore, 'deps' | 'loop'>,
  hostId: HostId,
  { taskId, state }: AgentFrameOf<'task-word'>,
): void {
  if (state !== 'absent' && state !== 'ended') return;
  const { budgets } = core.deps;
  core.loop.add({
    apply() {
      const isIts = (lease: LeaseReturning): boolean => lease.taskId === taskId && lease.hostId === hostId;
      const lease = budgets.returning().find(isIts);
      if (lease !== undefined) budgets.giveBack({ ...lease, isHostsWord: true });
    },
  });
}
