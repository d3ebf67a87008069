import {
  AppError,
  type Approval,
  type Authority,
  type Digest,
  type EffectClass,
  type Plan,
  type PlanAuthority,
  readMandate,
  toTimestamp,
} from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostEntry } from '../hosts/service.ts';
import type { LoadedPlan } from '../plans/index.ts';
import { type ApprovalRow, approvalStore, ruleStore, type StoredRules } from './approval-store.ts';
import { type AuthorityParts, authorOf } from './authority-parts.ts';
import { type SignatureWithKey, signatureStore } from './key-store.ts';
import { type MandateRow, mandateStore } from './mandate-store.ts';
import type { MissingAuthority } from './service.ts';
import { isGood, viewSignature } from './verify-signature.ts';
import { type Weight, weighActions } from './weigh-actions.ts';

/** An envelope carries no more; the earliest good ones go. */
const SIGNATURES_SENT_MAX = 16;
const NAMES_IN_ERROR_MAX = 10;

/** AppError NOT_FOUND for a plan that is not there or of which this person sees no host. */
export async function seenPlan(
  parts: AuthorityParts,
  principal: Principal,
  digest: Digest,
): Promise<LoadedPlan> {
  const plan = await parts.plans().load(digest);
  if (plan === null || !parts.plans().isSeenBy(principal, plan))
    throw new AppError('NOT_FOUND', { what: 'plan', id: digest });
  return plan;
}

/** AppError PLAN_EXPIRED: what may no longer start needs nobody's yes. */
export function requireUnexpired({ plan }: LoadedPlan, nowMs: number): void {
  const { expiresAt } = plan.header;
  if (Date.parse(expiresAt) <= nowMs) throw new AppError('PLAN_EXPIRED', { expiresAt });
}

interface AskedApproval {
  readonly hostIds: readonly string[];
  readonly effect: EffectClass;
}

/** Of the hosts that are still there, those on which the person may not approve this effect; null: it holds no such right. */
function outsideRight(
  parts: AuthorityParts,
  principal: Principal,
  { hostIds, effect }: AskedApproval,
): HostEntry[] | null {
  const scope = principal.scope('rollouts.approve', effect);
  if (scope.isAll) return [];
  const hosts = hostIds.flatMap((id) => parts.hosts.index.get(id) ?? []);
  if (scope.isNone) return hosts.length === 0 ? null : hosts;
  return hosts.filter((host) => !scope.includes(host));
}

/** AppError APPROVAL_FORBIDDEN unless the person may approve this effect on each host that is still there. */
export function requireMayApprove(parts: AuthorityParts, principal: Principal, asked: AskedApproval): void {
  const { effect } = asked;
  const outside = outsideRight(parts, principal, asked);
  if (outside?.length === 0) return;
  const sees = principal.scope('rollouts.read');
  const named = (outside ?? []).filter((host) => sees.isAll || sees.includes(host)).map(({ name }) => name);
  throw new AppError('APPROVAL_FORBIDDEN', {
    effect,
    count: outside?.length ?? 0,
    hosts: named.slice(0, NAMES_IN_ERROR_MAX).join(', ') || '…',
  });
}

export const weightOf = (parts: AuthorityParts, plan: LoadedPlan): Weight =>
  weighActions(parts.actions, plan.actionLists.flat(), plan.plan.header.strategy.probes);

interface Standing {
  readonly required: number;
  readonly requiredBy: PlanAuthority['requiredBy'];
  readonly approvals: readonly ApprovalRow[];
  readonly mandate: GoodMandate | null;
  /** Ids of people who approved or signed the mandate it runs under, and may approve it now. */
  readonly able: ReadonlySet<string>;
  readonly given: number;
}

export interface GoodMandate {
  readonly row: MandateRow;
  readonly title: string;
  readonly isBreakGlass: boolean;
  readonly signatures: readonly SignatureWithKey[];
}

function requirementOf(plan: Plan, weight: Weight, { rules }: StoredRules) {
  const own = plan.header.strategy.approvalsMin ?? 0;
  const ruled = Math.max(rules[weight.effect], weight.isArbitrary ? rules.arbitrary : 0);
  const required = Math.max(own, ruled);
  const requiredBy = required === 0 ? 'nothing' : ruled > own ? 'rule' : 'strategy';
  return { required, requiredBy } as const;
}

/** The mandate of a plan while it is good: neither over nor revoked, and signed by a key that is. */
export async function goodMandateOf(parts: AuthorityParts, planDigest: Digest): Promise<GoodMandate | null> {
  const { store, clock } = parts.context;
  const row = await mandateStore.ofPlan(store, planDigest);
  const mandate = row === undefined ? null : readMandate(row.body);
  if (row === undefined || mandate === null || row.revoked_at !== null) return null;
  const nowMs = clock.now();
  if (nowMs > Date.parse(mandate.expiresAt)) return null;
  const signatures = (await signatureStore.of(store, row.id)).filter((each) => isGood(each, nowMs));
  const { title, isBreakGlass } = mandate;
  return signatures.length === 0 ? null : { row, title, isBreakGlass, signatures };
}

/** A plan that cannot be read back is judged as the worst that it could be. */
const WORST: Weight = { effect: 'destructive', isArbitrary: true };

async function standingOf(parts: AuthorityParts, plan: Plan, loaded: LoadedPlan | null): Promise<Standing> {
  const { store } = parts.context;
  const weight = loaded === null ? WORST : weightOf(parts, loaded);
  const requirement = requirementOf(plan, weight, await ruleStore.read(store));
  const approvals = await approvalStore.of(store, plan.digest);
  const mandate = await goodMandateOf(parts, plan.digest);
  const author = authorOf(plan.header.createdBy);
  const signers = (mandate?.signatures ?? []).filter(({ owner }) => owner !== author);
  const people = new Map([
    ...approvals.map(({ person_id, person }) => [person_id, person] as const),
    ...signers.map(({ owner_id, owner }) => [owner_id, owner] as const),
  ]);
  const hostIds = loaded?.hosts.map(({ id }) => id) ?? [];
  const able = await stillAble(parts, people, { hostIds, effect: weight.effect });
  const standing = { approvals, mandate, able, given: able.size };
  if (mandate?.isBreakGlass === true) return { ...standing, required: 0, requiredBy: 'nothing' };
  return { ...requirement, ...standing };
}

/** Whoever has lost the right to say yes since has not said it: rights are those of the moment when the answer counts. */
async function stillAble(
  parts: AuthorityParts,
  people: ReadonlyMap<string, string>,
  asked: AskedApproval,
): Promise<Set<string>> {
  const able = new Set<string>();
  for (const [userId, userName] of people) {
    const principal = await parts.principalOf({ userId, userName, roles: null });
    if (principal !== null && outsideRight(parts, principal, asked)?.length === 0) able.add(userId);
  }
  return able;
}

/** Null: nothing is missing. Loads the plan only where a rule or the plan itself asks for somebody. */
export async function missingFor(parts: AuthorityParts, plan: Plan): Promise<MissingAuthority | null> {
  const { rules } = await ruleStore.read(parts.context.store);
  const hasRules = Object.values(rules).some((count) => count > 0);
  if (!hasRules && plan.header.strategy.approvalsMin === undefined) return null;
  const { required, given } = await standingOf(parts, plan, await parts.plans().load(plan.digest));
  return given >= required ? null : { approvals: { required, given } };
}

export async function viewAuthority(parts: AuthorityParts, loaded: LoadedPlan): Promise<PlanAuthority> {
  const { plan } = loaded;
  const { store, clock } = parts.context;
  const weight = weightOf(parts, loaded);
  const standing = await standingOf(parts, plan, loaded);
  const { required, requiredBy, given, mandate, able } = standing;
  const signatures = await signatureStore.of(store, plan.digest);
  return {
    planDigest: plan.digest,
    author: authorOf(plan.header.createdBy),
    ...weight,
    required,
    requiredBy,
    given,
    approvals: standing.approvals.map((row) => ({ ...viewApproval(row), isGood: able.has(row.person_id) })),
    signatures: signatures.map((row) => viewSignature(row, clock.now())),
    mandate:
      mandate === null
        ? null
        : { id: mandate.row.id, title: mandate.title, isBreakGlass: mandate.isBreakGlass },
  };
}

export const viewApproval = (row: ApprovalRow): Approval => ({
  planDigest: row.plan_digest,
  personId: row.person_id,
  person: row.person,
  at: toTimestamp(row.given_at),
  comment: row.comment,
});

/** What travels with each envelope of the plan; undefined: nothing, and the envelope is the one that every agent knows. */
export async function authorityOf(parts: AuthorityParts, planDigest: Digest): Promise<Authority | undefined> {
  const { store, clock } = parts.context;
  const nowMs = clock.now();
  const signatures = (await signatureStore.of(store, planDigest)).filter((row) => isGood(row, nowMs));
  const mandate = await goodMandateOf(parts, planDigest);
  if (signatures.length === 0 && mandate === null) return undefined;
  return {
    ...(signatures.length === 0 ? {} : { plan: asSent(signatures) }),
    ...(mandate === null
      ? {}
      : { mandate: { text: mandate.row.body, signatures: asSent(mandate.signatures) } }),
  };
}

const asSent = (rows: readonly SignatureWithKey[]): { keyId: string; value: string }[] =>
  rows.slice(0, SIGNATURES_SENT_MAX).map(({ key_id, value }) => ({ keyId: key_id, value }));
