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

/** AppError APPROVAL_FORBIDDEN unless the person may approve this effect on each host that is still there. */
export function requireMayApprove(
  parts: AuthorityParts,
  principal: Principal,
  asked: { readonly hostIds: readonly string[]; readonly effect: EffectClass },
): void {
  const { effect } = asked;
  const scope = principal.scope('rollouts.approve', effect);
  if (scope.isAll) return;
  const hosts = asked.hostIds.flatMap((id) => parts.hosts.index.get(id) ?? []);
  const outside = hosts.filter((host) => scope.isNone || !scope.includes(host));
  if (outside.length === 0 && !scope.isNone) return;
  const sees = principal.scope('rollouts.read');
  const named = outside.filter((host) => sees.isAll || sees.includes(host)).map(({ name }) => name);
  throw new AppError('APPROVAL_FORBIDDEN', {
    effect,
    count: outside.length,
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
  /** Distinct people: who approved, and who signed the mandate it runs under. */
  readonly given: number;
}

export interface GoodMandate {
  readonly row: MandateRow;
  readonly title: string;
  readonly isBreakGlass: boolean;
  readonly signatures: readonly SignatureWithKey[];
}

function requirementOf(plan: Plan, weight: Weight | null, { rules }: StoredRules) {
  const own = plan.header.strategy.approvalsMin ?? 0;
  const ruled =
    weight === null ? 0 : Math.max(rules[weight.effect], weight.isArbitrary ? rules.arbitrary : 0);
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

async function standingOf(
  parts: AuthorityParts,
  plan: Plan,
  weight: Weight | null,
  rules: StoredRules,
): Promise<Standing> {
  const requirement = requirementOf(plan, weight, rules);
  const approvals = await approvalStore.of(parts.context.store, plan.digest);
  const mandate = await goodMandateOf(parts, plan.digest);
  if (mandate?.isBreakGlass === true)
    return { required: 0, requiredBy: 'nothing', approvals, mandate, given: approvals.length };
  const author = authorOf(plan.header.createdBy);
  const signers = (mandate?.signatures ?? []).filter(({ owner }) => owner !== author);
  const people = new Set([
    ...approvals.map(({ person_id }) => person_id),
    ...signers.map(({ owner_id }) => owner_id),
  ]);
  return { ...requirement, approvals, mandate, given: people.size };
}

/** Null: nothing is missing. Loads the plan only where a rule may ask for more than the plan itself does. */
export async function missingFor(parts: AuthorityParts, plan: Plan): Promise<MissingAuthority | null> {
  const rules = await ruleStore.read(parts.context.store);
  const hasRules = Object.values(rules.rules).some((count) => count > 0);
  if (!hasRules && plan.header.strategy.approvalsMin === undefined) return null;
  const loaded = hasRules ? await parts.plans().load(plan.digest) : null;
  const worst: Weight = { effect: 'destructive', isArbitrary: true };
  // A plan that cannot be read back is judged as the worst that it could be.
  const weight = !hasRules ? null : loaded === null ? worst : weightOf(parts, loaded);
  const { required, given } = await standingOf(parts, plan, weight, rules);
  return given >= required ? null : { approvals: { required, given } };
}

export async function viewAuthority(parts: AuthorityParts, loaded: LoadedPlan): Promise<PlanAuthority> {
  const { plan } = loaded;
  const { store, clock } = parts.context;
  const weight = weightOf(parts, loaded);
  const standing = await standingOf(parts, plan, weight, await ruleStore.read(store));
  const { required, requiredBy, given, mandate } = standing;
  const signatures = await signatureStore.of(store, plan.digest);
  return {
    planDigest: plan.digest,
    author: authorOf(plan.header.createdBy),
    ...weight,
    required,
    requiredBy,
    given,
    approvals: standing.approvals.map(viewApproval),
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
