import {
  AppError,
  HOSTS_SHOWN_MAX,
  LABELS_MAX,
  type Labels,
  type LabelsChange,
  type LabelsChanged,
} from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { AuditService } from '../audit/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { requireBothScopes } from './find-host.ts';
import type { HostEntry, HostsService, TargetResolver } from './service.ts';

/** Hosts whose labels change in one transaction: about two thousand statements, well under a second. */
const HOSTS_PER_TRANSACTION_MAX = 500;

export interface LabelDeps {
  readonly context: KernelContext;
  readonly hosts: HostsService;
  readonly resolver: TargetResolver;
  readonly audit: Pick<AuditService, 'append'>;
}

export interface By {
  readonly principal: Principal;
  readonly requestId: string;
}

/**
 * Sets and removes labels of many hosts. All is checked before anything is written; large changes are written in pieces,
 * so a server that is killed in the middle leaves whole hosts changed or unchanged, and the same request finishes the work.
 */
export async function changeLabels(deps: LabelDeps, by: By, change: LabelsChange): Promise<LabelsChanged> {
  const { target, set, unset } = change;
  if (target.selector === undefined && !target.hostIds?.length && !target.groups?.length)
    throw new AppError('HOST_TARGET_EMPTY');
  const scope = by.principal.scope('hosts.read');
  const isVisible = (host: HostEntry) => scope.isAll || scope.includes(host);
  const resolved = await deps.resolver.resolve(target);
  const hosts = resolved.hosts.filter(isVisible);
  const found = new Set(hosts.map((host) => host.id));
  const lost = target.hostIds?.find((id) => !found.has(id));
  if (lost !== undefined) throw new AppError('HOST_UNKNOWN', { host: lost, nearest: '' });

  const moves = hosts
    .map((before) => ({ before, after: { ...before, labels: labelsAfter(before.labels, set, unset) } }))
    .filter(({ before, after }) => !isSame(before.labels, after.labels));
  requireBothScopes(by.principal, 'hosts.label', moves);
  for (const { after } of moves)
    if (Object.keys(after.labels).length > LABELS_MAX)
      throw new AppError('HOST_LABELS_TOO_MANY', { host: after.name, limit: LABELS_MAX });
  if (!change.isPreview)
    for (let start = 0; start < moves.length; start += HOSTS_PER_TRANSACTION_MAX)
      await write(deps, by, {
        hosts: moves.slice(start, start + HOSTS_PER_TRANSACTION_MAX).map(({ before }) => before),
        set,
        unset,
      });
  return {
    matched: hosts.length,
    changed: moves.length,
    undetermined: resolved.undetermined.filter(isVisible).length,
    hosts: moves.slice(0, HOSTS_SHOWN_MAX).map(({ after: { id, name, labels } }) => ({ id, name, labels })),
  };
}

async function write(
  { context, hosts, audit }: LabelDeps,
  { principal, requestId }: By,
  { hosts: chosen, set, unset }: { hosts: readonly HostEntry[]; set: Labels; unset: readonly string[] },
): Promise<void> {
  await context.store.transaction(async (transaction) => {
    // As they are now: somebody may have changed others of their labels meanwhile.
    const current = chosen.map(({ id }) => hosts.index.get(id)).filter((host) => host !== undefined);
    requireBothScopes(
      principal,
      'hosts.label',
      current.map((before) => ({
        before,
        after: { ...before, labels: labelsAfter(before.labels, set, unset) },
      })),
    );
    for (const { id, labels } of current)
      await hosts.setLabels(transaction, id, labelsAfter(labels, set, unset));
    await audit.append(transaction, [
      {
        actor: principal.actor,
        action: 'host.labelled',
        subject: current.length === 1 ? (current[0]?.id ?? '') : `${current.length} hosts`,
        details: { set, unset: [...unset], hostIds: current.map(({ id }) => id) },
        requestId,
      },
    ]);
  });
}

export function labelsAfter(labels: Labels, set: Labels, unset: readonly string[]): Labels {
  const kept = Object.entries(labels).filter(([key]) => !unset.includes(key));
  return { ...Object.fromEntries(kept), ...set };
}

const isSame = (a: Labels, b: Labels): boolean => {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
};
