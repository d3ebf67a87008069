import { compareText } from '@pilothouse/base';
import {
  AppError,
  BUDGET_DOMAINS_SHOWN_MAX,
  BUDGETS_MAX,
  type Budget,
  type BudgetView,
  budgetsPermissions,
  budgetsRoutes,
  DOWN_HOSTS_SHOWN_MAX,
  type JsonObject,
  type Lease,
  toTimestamp,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { Principal } from '../access/service.ts';
import { requireEtag } from '../hosts/index.ts';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { cutPage, heldText, readCursor } from '../page-cursor.ts';
import { allowedIn, type BudgetRoll, domainsOf, downHosts } from './budget-roll.ts';
import { deleteBudget, type LeaseRow, writeBudget } from './budgets-store.ts';
import type { BudgetsDeps } from './create-budgets.ts';
import type { FailingMarks } from './failing-marks.ts';
import type { LeaseLedger } from './lease-ledger.ts';
import type { Membership } from './membership.ts';

export interface BudgetEndpointsDeps {
  readonly context: KernelContext;
  readonly deps: Pick<BudgetsDeps, 'hosts' | 'audit' | 'events'>;
  readonly roll: BudgetRoll;
  readonly leases: LeaseLedger;
  readonly failing: FailingMarks;
  readonly membership: Membership;
}

export const budgetEndpoints = (parts: BudgetEndpointsDeps): Endpoint[] => [
  ...readEndpoints(parts),
  ...editEndpoints(parts),
  ...leaseEndpoints(parts),
  ...failingEndpoints(parts),
];

const READ = budgetsPermissions.budgetsRead.name;

function knownBudget({ membership }: BudgetEndpointsDeps, name: string): Budget {
  const budget = membership.budgets.get(name);
  if (budget === undefined) throw new AppError('NOT_FOUND', { what: 'budget', id: name });
  return budget;
}

function readEndpoints(parts: BudgetEndpointsDeps): Endpoint[] {
  const { membership } = parts;
  return [
    endpoint(budgetsRoutes.list, async ({ principal, query }) => {
      const after = readCursor(query.cursor, heldText) ?? '';
      const rest = [...membership.budgets.values()]
        .sort((a, b) => compareText(a.name, b.name))
        .filter(({ name }) => compareText(name, after) > 0);
      const page = cutPage(rest, query.limit, ({ name }) => name);
      return { ...page, items: page.items.map((budget) => viewBudget(parts, principal, budget)) };
    }),
    endpoint(budgetsRoutes.get, async ({ principal, params }) =>
      viewBudget(parts, principal, knownBudget(parts, params.name)),
    ),
  ];
}

function viewBudget({ roll }: BudgetEndpointsDeps, principal: Principal, budget: Budget): BudgetView {
  const scope = principal.scope(READ);
  const all = domainsOf(roll, budget.name);
  const down = downHosts(roll, budget.name);
  const domains = all
    .sort(
      (a, b) => b.down - allowedIn(b) - (a.down - allowedIn(a)) || compareText(a.value ?? '', b.value ?? ''),
    )
    .slice(0, BUDGET_DOMAINS_SHOWN_MAX)
    .map((domain) => ({
      value: domain.value,
      members: domain.members,
      undetermined: domain.undetermined,
      allowed: allowedIn(domain),
      down: domain.down,
      downHosts: (down.get(domain) ?? [])
        .filter(({ host }) => scope.isAll || scope.includes(host))
        .slice(0, DOWN_HOSTS_SHOWN_MAX)
        .map(({ host, causes }) => ({ hostId: host.id, hostName: host.name, causes })),
    }));
  const sum = (key: 'members' | 'undetermined') => all.reduce((total, domain) => total + domain[key], 0);
  const counts = { members: sum('members'), undetermined: sum('undetermined') };
  return { ...budget, ...counts, domainsCount: all.length, domains };
}

interface Edit {
  readonly action: string;
  readonly details: JsonObject;
  readonly write: (transaction: Transaction) => Promise<void>;
}

async function edit(
  { context, deps }: BudgetEndpointsDeps,
  { principal, requestId }: HttpRequest,
  subject: string,
  { action, details, write }: Edit,
): Promise<void> {
  await context.store.transaction(async (transaction) => {
    await write(transaction);
    await deps.audit.append(transaction, [{ actor: principal.actor, action, subject, details, requestId }]);
    await deps.events.publish(transaction, [
      {
        type: `budgets.${action.slice(action.indexOf('.') + 1)}`,
        hostId: null,
        data: { subject, ...details },
      },
    ]);
  });
}

function editEndpoints(parts: BudgetEndpointsDeps): Endpoint[] {
  const { membership, context } = parts;
  return [
    endpoint(budgetsRoutes.put, async (request) => {
      const { params, body, ifMatch, principal } = request;
      await membership.warm(body.selector);
      await edit(parts, request, params.name, {
        action: 'budget.changed',
        details: body,
        async write(transaction) {
          const before = membership.budgets.get(params.name);
          if (before !== undefined && ifMatch === null) throw new AppError('BUDGET_EXISTS', params);
          if (before === undefined && membership.budgets.size >= BUDGETS_MAX)
            throw new AppError('BUDGETS_TOO_MANY', { max: BUDGETS_MAX });
          requireEtag(ifMatch, before?.etag ?? '', { what: 'budget', id: params.name });
          const budget: Budget = {
            ...body,
            name: params.name,
            changedBy: principal.actor.name,
            changedAt: toTimestamp(context.clock.now()),
            etag: String(Number(before?.etag ?? 0) + 1),
          };
          await writeBudget(transaction, budget);
          transaction.afterCommit(() => membership.put(budget));
        },
      });
      return viewBudget(parts, principal, knownBudget(parts, params.name));
    }),
    endpoint(budgetsRoutes.remove, async (request) => {
      const { name } = request.params;
      await edit(parts, request, name, {
        action: 'budget.removed',
        details: {},
        async write(transaction) {
          requireEtag(request.ifMatch, knownBudget(parts, name).etag, { what: 'budget', id: name });
          await deleteBudget(transaction, name);
          transaction.afterCommit(() => membership.drop(name));
        },
      });
      return undefined;
    }),
  ];
}

function failingEndpoints(parts: BudgetEndpointsDeps): Endpoint[] {
  return [
    endpoint(budgetsRoutes.clearFailing, async (request) => {
      const { hostId } = request.params;
      const permission = budgetsPermissions.budgetsRelease.name;
      const host = parts.deps.hosts.index.get(hostId);
      const covers = (name: string): boolean => {
        const scope = request.principal.scope(name);
        return host !== undefined && (scope.isAll || scope.includes(host));
      };
      if (!covers(READ)) throw new AppError('NOT_FOUND', { what: 'host', id: hostId });
      if (!covers(permission)) throw new AppError('FORBIDDEN', { permission });
      await edit(parts, request, hostId, {
        action: 'budget.failing-cleared',
        details: { reason: request.body.reason },
        write: (transaction) => parts.failing.clear(transaction, hostId),
      });
      return undefined;
    }),
  ];
}

function leaseEndpoints(parts: BudgetEndpointsDeps): Endpoint[] {
  const { deps, leases } = parts;
  const isVisible = (principal: Principal, lease: LeaseRow, permission: string): boolean => {
    const scope = principal.scope(permission);
    const host = deps.hosts.index.get(lease.hostId);
    return scope.isAll || (host !== undefined && scope.includes(host));
  };
  const view = ({ since, endedAt, ...lease }: LeaseRow): Lease => ({
    ...lease,
    hostName: deps.hosts.index.get(lease.hostId)?.name ?? lease.hostId,
    state: endedAt === null ? 'taken' : 'returning',
    since: toTimestamp(since),
    endedAt: endedAt === null ? null : toTimestamp(endedAt),
  });
  return [
    endpoint(budgetsRoutes.leases, async ({ principal, query }) => {
      const after = readCursor(query.cursor, heldText) ?? '';
      const rest = [...leases.leases.values()]
        .filter((lease) => compareText(lease.taskId, after) > 0 && isVisible(principal, lease, READ))
        .sort((a, b) => compareText(a.taskId, b.taskId));
      const page = cutPage(rest, query.limit, ({ taskId }) => taskId);
      return { ...page, items: page.items.map(view) };
    }),
    endpoint(budgetsRoutes.release, async (request) => {
      const { taskId } = request.params;
      const permission = budgetsPermissions.budgetsRelease.name;
      const lease = leases.leases.get(taskId);
      if (lease === undefined || !isVisible(request.principal, lease, READ))
        throw new AppError('NOT_FOUND', { what: 'lease', id: taskId });
      if (!isVisible(request.principal, lease, permission)) throw new AppError('FORBIDDEN', { permission });
      await edit(parts, request, taskId, {
        action: 'budget.lease-released',
        details: { hostId: lease.hostId, rolloutId: lease.rolloutId, reason: request.body.reason },
        async write(transaction) {
          // Asked inside: its task may have begun anew, or its host come back, since.
          const now = leases.leases.get(taskId);
          if (now === undefined) throw new AppError('NOT_FOUND', { what: 'lease', id: taskId });
          if (now.endedAt === null) throw new AppError('LEASE_IN_USE', { taskId });
          await leases.release(transaction, taskId);
        },
      });
      return undefined;
    }),
  ];
}
