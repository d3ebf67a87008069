import { newId } from '@pilothouse/base';
import { AppError, type EmergencyStop, toTimestamp } from '@pilothouse/contract';
import type { HostsService } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { SelectService } from '../select/service.ts';
import type { Driver } from './driver/create-driver.ts';
import type { Asker } from './rollout-acts.ts';
import { clearStop, insertStop, type StopRecord } from './stop-store.ts';
import type { StopsInForce } from './stops-in-force.ts';

export interface StopDeps {
  readonly context: KernelContext;
  readonly hosts: HostsService;
  readonly select: Pick<SelectService, 'compile' | 'run'>;
  readonly driver: Driver;
  readonly stops: StopsInForce;
}

export interface StopRequest {
  readonly selector?: string | undefined;
  readonly endRunning: boolean;
  readonly reason: string;
}

/**
 * Nothing new starts on the hosts from the moment this returns. Whoever may stop everything stops hosts to come, too;
 * anybody else stops the hosts that their role covers now.
 */
export async function createStop(
  deps: StopDeps,
  asker: Asker,
  request: StopRequest,
): Promise<{ stop: EmergencyStop; tasksCount: number }> {
  const { context, driver, stops } = deps;
  const { actor } = asker.principal;
  // Warms the facts that the selector reads, and refuses one that does not compile.
  if (request.selector !== undefined) await deps.select.run(request.selector);
  const stop: StopRecord = {
    id: newId('st', context.ids),
    selector: request.selector ?? null,
    hostIds: hostsToName(deps, asker, request),
    endRunning: request.endRunning,
    reason: request.reason,
    createdBy: actor.name,
    createdAt: context.clock.now(),
  };
  let tasksCount = 0;
  await driver.loop.run((batch) => {
    const { selector, endRunning, reason } = stop;
    const details = { selector, endRunning, reason, hosts: stop.hostIds?.length ?? null };
    const { requestId } = asker;
    batch.writes.push((transaction) => insertStop(transaction, stop));
    batch.audits.push({ actor, action: 'stop.created', subject: stop.id, details, requestId });
    batch.events.push({ type: 'stops.created', hostId: null, data: { stopId: stop.id, ...details } });
    stops.add(stop);
    for (const active of driver.active.values())
      for (const { index, hostId, phase } of active.state.tasks) {
        if (phase !== 'offered' && phase !== 'running') continue;
        const host = deps.hosts.index.get(hostId);
        if (host === undefined || !stops.isCoveredBy(stop, host)) continue;
        tasksCount += 1;
        const cause = { code: 'TASK_STOPPED', details: { stopId: stop.id } };
        batch.feed(active, { kind: 'stop', index, endRunning, cause }, { actor, requestId });
      }
  });
  return { stop: viewStop(stop), tasksCount };
}

function hostsToName(deps: StopDeps, asker: Asker, request: StopRequest): string[] | null {
  const scope = asker.principal.scope('rollouts.stop');
  if (scope.isAll) return null;
  if (scope.isNone) throw new AppError('FORBIDDEN', { permission: 'rollouts.stop' });
  const selector = request.selector === undefined ? null : deps.select.compile(request.selector);
  return [...deps.hosts.index.values()]
    .filter((host) => scope.includes(host) && selector?.evaluate(host) !== 'false')
    .map((host) => host.id);
}

export async function liftStop(deps: StopDeps, asker: Asker, id: string): Promise<void> {
  const { context, driver, stops } = deps;
  const { actor } = asker.principal;
  await driver.loop.run((batch) => {
    const stop = stops.list().find((each) => each.id === id);
    if (stop === undefined) throw new AppError('NOT_FOUND', { what: 'stop', id });
    requireScopeOf(deps, asker, stop);
    const { requestId } = asker;
    batch.writes.push((transaction) =>
      clearStop(transaction, id, { by: actor.name, at: context.clock.now() }),
    );
    batch.audits.push({ actor, action: 'stop.cleared', subject: id, details: {}, requestId });
    batch.events.push({ type: 'stops.cleared', hostId: null, data: { stopId: id } });
    stops.remove(id);
    driver.wakeStopped(batch);
  });
}

function requireScopeOf(deps: StopDeps, asker: Asker, stop: StopRecord): void {
  const permission = 'rollouts.stop';
  const scope = asker.principal.scope(permission);
  if (scope.isAll) return;
  const outside = (stop.hostIds ?? [...deps.hosts.index.keys()]).filter((hostId) => {
    const host = deps.hosts.index.get(hostId);
    return host !== undefined && !scope.includes(host);
  });
  if (stop.hostIds === null || outside.length > 0)
    throw new AppError('ROLLOUT_FORBIDDEN', { count: outside.length, permission });
}

export const viewStop = (stop: StopRecord): EmergencyStop => ({
  id: stop.id,
  selector: stop.selector,
  scopeHostsCount: stop.hostIds?.length ?? null,
  endRunning: stop.endRunning,
  reason: stop.reason,
  createdBy: stop.createdBy,
  createdAt: toTimestamp(stop.createdAt),
});
