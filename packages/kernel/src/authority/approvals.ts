import {
  AppError,
  type ApprovalRules,
  type Digest,
  PLAN_SIGNATURE_TAG,
  type PlanAuthority,
} from '@pilothouse/contract';
import { approvalStore, ruleStore, type StoredRules } from './approval-store.ts';
import { type AuthorityParts, authorOf, personOf, tell } from './authority-parts.ts';
import { signatureStore } from './key-store.ts';
import { requireMayApprove, requireUnexpired, seenPlan, viewAuthority, weightOf } from './plan-authority.ts';
import type { AuthorityAsker } from './service.ts';
import { requireSignature } from './verify-signature.ts';

/** A yes to exactly the plan that the digest names: who changes a word of it makes another plan, which nobody approved. */
export async function approvePlan(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  { planDigest, comment }: { readonly planDigest: Digest; readonly comment: string },
): Promise<PlanAuthority> {
  const { store, clock } = parts.context;
  const plan = await seenPlan(parts, asker.principal, planDigest);
  requireUnexpired(plan, clock.now());
  const person = personOf(asker.principal);
  if (person.name === authorOf(plan.plan.header.createdBy))
    throw new AppError('APPROVAL_OWN_PLAN', { planDigest });
  const { effect } = weightOf(parts, plan);
  requireMayApprove(parts, asker.principal, { hostIds: plan.hosts.map(({ id }) => id), effect });
  await store.transaction(async (transaction) => {
    const given = await approvalStore.of(transaction, planDigest);
    if (given.some((row) => row.person_id === person.id)) {
      const { required, given: counted } = await viewAuthority(parts, plan);
      throw new AppError('APPROVAL_ALREADY_GIVEN', { missing: Math.max(0, required - counted) });
    }
    await approvalStore.insert(transaction, {
      plan_digest: planDigest,
      person_id: person.id,
      person: person.name,
      given_at: clock.now(),
      comment,
    });
    const details = { title: plan.plan.header.title, person: person.name, hosts: plan.hosts.length, comment };
    const said = { action: 'plan.approved', event: 'approvals.given', subject: planDigest, details };
    await tell(parts, transaction, asker, said);
    parts.changed(transaction, planDigest);
  });
  return viewAuthority(parts, plan);
}

/** What has started goes on; what has not, waits again. */
export async function withdrawApproval(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  { planDigest, reason }: { readonly planDigest: Digest; readonly reason: string },
): Promise<PlanAuthority> {
  const plan = await seenPlan(parts, asker.principal, planDigest);
  const person = personOf(asker.principal);
  await parts.context.store.transaction(async (transaction) => {
    const given = await approvalStore.of(transaction, planDigest);
    if (!given.some((row) => row.person_id === person.id))
      throw new AppError('APPROVAL_NOT_GIVEN', { planDigest });
    await approvalStore.delete(transaction, planDigest, person.id);
    const details = { title: plan.plan.header.title, person: person.name, reason };
    const said = {
      action: 'plan.approval-withdrawn',
      event: 'approvals.withdrawn',
      subject: planDigest,
      details,
    };
    await tell(parts, transaction, asker, said);
    parts.changed(transaction, planDigest);
  });
  return viewAuthority(parts, plan);
}

/** Keeps a person's signature over the digest for the hosts, which verify it themselves. An author may sign, too. */
export async function signPlan(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  signed: { readonly planDigest: Digest; readonly keyId: string; readonly value: string },
): Promise<PlanAuthority> {
  const { store, clock } = parts.context;
  const { planDigest, keyId, value } = signed;
  const plan = await seenPlan(parts, asker.principal, planDigest);
  requireUnexpired(plan, clock.now());
  const { effect } = weightOf(parts, plan);
  requireMayApprove(parts, asker.principal, { hostIds: plan.hosts.map(({ id }) => id), effect });
  await store.transaction(async (transaction) => {
    const over = { keyId, value, text: PLAN_SIGNATURE_TAG + planDigest, what: planDigest };
    const key = await requireSignature(transaction, asker, over, clock.now());
    await signatureStore.put(transaction, {
      subject: planDigest,
      key_id: keyId,
      value,
      given_at: clock.now(),
    });
    const details = { title: plan.plan.header.title, person: key.owner, keyId, hosts: plan.hosts.length };
    const said = { action: 'plan.signed', event: 'approvals.signed', subject: planDigest, details };
    await tell(parts, transaction, asker, said);
    parts.changed(transaction, planDigest);
  });
  return viewAuthority(parts, plan);
}

export async function setRules(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  change: { readonly rules: ApprovalRules; readonly ifMatch: string | null },
): Promise<StoredRules> {
  const { rules, ifMatch } = change;
  return parts.context.store.transaction(async (transaction) => {
    const before = await ruleStore.read(transaction);
    if (ifMatch !== null && ifMatch !== '*' && ifMatch !== String(before.version))
      throw new AppError('EDIT_CONFLICT', { what: 'approval rules', id: 'approvals' });
    const after = { rules, version: before.version + 1 };
    await ruleStore.write(transaction, after);
    await tell(parts, transaction, asker, {
      action: 'approval-rules.changed',
      event: 'approvals.rules-changed',
      subject: 'approvals',
      details: { ...rules, before: JSON.stringify(before.rules) },
    });
    // Rollouts that have not begun may need more people now, or nobody any more.
    parts.changed(transaction, null);
    return after;
  });
}
