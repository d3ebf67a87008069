import type { HostId, JsonObject } from '@pilothouse/contract';
import type { GatewayService } from '../../gateway/service.ts';
import type { HostEntry, HostsService, TargetResolver } from '../../hosts/service.ts';
import type { OfferedActions } from '../../plans/index.ts';
import type { ClaimAnswer } from '../engine/index.ts';
import type { StopsInForce } from '../stops-in-force.ts';
import type { ActiveRollout } from './active-rollout.ts';
import type { HostLocks } from './host-locks.ts';

export interface JudgeDeps {
  readonly hosts: Pick<HostsService, 'index'>;
  readonly resolver: Pick<TargetResolver, 'stillMatches'>;
  readonly gateway: Pick<GatewayService, 'session'>;
  readonly offered: Pick<OfferedActions, 'lackOf'>;
  readonly stops: StopsInForce;
  readonly locks: HostLocks;
  /** Generation of the session whose hello was taken in, by host: before that a host counts as offline. */
  readonly heard: ReadonlyMap<HostId, number>;
  readonly isHeld: (hostId: HostId) => boolean;
  /** False for a while after a server start, when hosts are still on their way back. */
  readonly isSettled: () => boolean;
}

const unfit = (code: string, details: JsonObject = {}): ClaimAnswer => ({
  kind: 'unfit',
  cause: { code, details },
});

/** Whether a task may be offered at this moment: the host is meant, free to act, present, and nobody else changes it. */
export function judgeClaim(deps: JudgeDeps, active: ActiveRollout, index: number): ClaimAnswer {
  const hostId = active.state.tasks[index]?.hostId ?? '';
  const host = deps.hosts.index.get(hostId);
  if (host === undefined) return unfit('TASK_HOST_GONE');
  const refusal = refusalOf(deps, active, host);
  if (refusal !== null) return refusal;
  if (deps.stops.covers(host)) return { kind: 'stopped' };
  if (!isPresent(deps, hostId)) return { kind: 'offline', isCertain: deps.isSettled() };
  if (deps.isHeld(hostId)) return unfit('TASK_HOST_ON_HOLD');
  if (active.isExclusive(index) && !deps.locks.take(hostId, active.id)) return { kind: 'locked' };
  return { kind: 'granted' };
}

export function isPresent(deps: Pick<JudgeDeps, 'gateway' | 'heard'>, hostId: HostId): boolean {
  const session = deps.gateway.session(hostId);
  return session !== null && deps.heard.get(hostId) === session.generation;
}

function refusalOf(deps: JudgeDeps, active: ActiveRollout, host: HostEntry): ClaimAnswer | null {
  if (host.state === 'quarantined') return unfit('TASK_HOST_QUARANTINED');
  if (host.state === 'pending') return unfit('TASK_HOST_PENDING');
  if (host.state === 'decommissioned') return unfit('TASK_HOST_GONE');
  if (host.isInMaintenance) return unfit('TASK_HOST_IN_MAINTENANCE');
  if (!deps.resolver.stillMatches(active.plan.target, host)) return unfit('TASK_NO_LONGER_MATCHES');
  const lack = deps.offered.lackOf(host.id, active.plan.plan.header.actionSchemas);
  return lack === null ? null : unfit('TASK_ACTION_LACKING', { ...lack });
}
