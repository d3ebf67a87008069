/**
 * Plans for people who look for one. A plan holds neither its state nor its author in a column: the state is what time,
 * approvals and rollouts make of it, and headers are read for the rows anyway. So rows are read newest first and judged
 * one by one, and a request looks at ROWS_LOOKED_AT_MAX of them: whoever filters for what is rare gets pages that are
 * not full, each with the way on, and never a request that reads the whole table.
 */
import { type Digest, type Plan, type PlanState, type PlanSummary, toTimestamp } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import type { Principal } from '../access/service.ts';
import type { AuthorityService } from '../authority/service.ts';
import type { HostsService } from '../hosts/service.ts';
import { pageCursor, readCursor } from '../page-cursor.ts';
import type { PlansService } from './create-plans.ts';
import { type PlanPlace, readHeaders } from './store.ts';

const ROWS_PER_READ = 200;
const ROWS_LOOKED_AT_MAX = 2000;

/** The runs of plans, by the plan's digest. */
export type RunsOf = (
  digests: readonly Digest[],
) => Promise<ReadonlyMap<Digest, NonNullable<PlanSummary['rollout']>>>;

export interface ListPlansDeps {
  readonly plans: Pick<PlansService, 'load'>;
  readonly hosts: Pick<HostsService, 'index'>;
  readonly authority: Pick<AuthorityService, 'missingFor'>;
  readonly runsOf: RunsOf;
}

export interface PlanQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly state?: PlanState | undefined;
  readonly author?: string | undefined;
  readonly action?: string | undefined;
}

export interface PlanReader {
  readonly principal: Pick<Principal, 'scope'>;
  readonly isInScope: (hostId: string) => boolean;
  readonly now: number;
}

export async function listPlans(
  store: Store,
  deps: ListPlansDeps,
  query: PlanQuery,
  reader: PlanReader,
): Promise<{ items: PlanSummary[]; nextCursor: string | null }> {
  const items: PlanSummary[] = [];
  let before = readCursor(query.cursor, heldPlace);
  for (let looked = 0; looked < ROWS_LOOKED_AT_MAX; ) {
    const rows = await readHeaders(store, before, ROWS_PER_READ);
    const runs = await deps.runsOf(rows.map(({ plan }) => plan.digest));
    for (const { plan, place } of rows) {
      if (items.length === query.limit) return { items, nextCursor: cursorAt(before) };
      before = place;
      if (!isAskedFor(plan, query) || !(await isSeen(deps, plan.digest, reader))) continue;
      const summary = await summaryOf(deps, plan, { run: runs.get(plan.digest) ?? null, now: reader.now });
      if (query.state === undefined || query.state === summary.state) items.push(summary);
    }
    looked += rows.length;
    if (rows.length < ROWS_PER_READ) return { items, nextCursor: null };
  }
  return { items, nextCursor: cursorAt(before) };
}

const cursorAt = (place: PlanPlace | null): string | null =>
  place === null ? null : pageCursor(`${place.createdAt} ${place.digest}`);

function heldPlace(held: string): PlanPlace | null {
  const match = /^(\d{1,15}) ([0-9a-f]{64})$/.exec(held);
  return match?.[1] === undefined || match[2] === undefined
    ? null
    : { createdAt: Number(match[1]), digest: match[2] };
}

function isAskedFor({ header }: Plan, { author, action }: PlanQuery): boolean {
  const { createdBy } = header;
  if (author !== undefined && createdBy !== author && createdBy.split('/')[0] !== author) return false;
  return action === undefined || Object.hasOwn(header.actionSchemas, action);
}

/** Absent for whoever sees none of its hosts; only for them a plan is read whole. */
async function isSeen(
  { plans }: ListPlansDeps,
  digest: Digest,
  { principal, isInScope }: PlanReader,
): Promise<boolean> {
  const scope = principal.scope('rollouts.read');
  if (scope.isAll) return true;
  if (scope.isNone) return false;
  return (await plans.load(digest))?.hosts.some(({ id }) => isInScope(id)) ?? false;
}

async function summaryOf(
  deps: Pick<ListPlansDeps, 'authority'>,
  plan: Plan,
  { run, now }: { readonly run: PlanSummary['rollout']; readonly now: number },
): Promise<PlanSummary> {
  const { digest, header } = plan;
  const isExpired = Date.parse(header.expiresAt) <= now;
  const isOpen = run === null && !isExpired;
  const approvals = isOpen ? ((await deps.authority.missingFor(plan))?.approvals ?? null) : null;
  const openState = approvals === null ? 'ready' : 'awaiting-approval';
  return {
    digest,
    title: header.title,
    state: run !== null ? 'started' : isExpired ? 'expired' : openState,
    actions: Object.keys(header.actionSchemas),
    hostsCount: header.stepsCount,
    createdBy: header.createdBy,
    createdAt: toTimestamp(Date.parse(header.createdAt)),
    notBefore: header.notBefore,
    expiresAt: header.expiresAt,
    approvals,
    rollout: run,
    retryOf: header.retryOf,
    rollbackOf: header.rollbackOf ?? null,
  };
}
