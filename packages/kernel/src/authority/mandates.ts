import { parseJson } from '@pilothouse/base';
import {
  AppError,
  type Digest,
  gapOfMandate,
  JsonObject,
  MANDATE_GAPS,
  MANDATE_TAG,
  Mandate,
  type MandateRecord,
  mandateDigest,
  type Page,
  type PageQuery,
  type PlanAuthority,
  placedProblem,
  type ReadParameters,
  toTimestamp,
} from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import { NOT_JSON } from '../not-json.ts';
import { cutPage, readCursor } from '../page-cursor.ts';
import type { LoadedPlan } from '../plans/index.ts';
import { type AuthorityParts, tell } from './authority-parts.ts';
import { signatureStore } from './key-store.ts';
import { type MandateRow, mandateStore } from './mandate-store.ts';
import { requireMayApprove, requireUnexpired, seenPlan, viewAuthority } from './plan-authority.ts';
import type { AuthorityAsker } from './service.ts';
import { isGood, requireSignature, viewSignature } from './verify-signature.ts';
import { weighMandate } from './weigh-actions.ts';

interface Stored {
  readonly row: MandateRow;
  readonly mandate: Mandate;
}

export interface BroughtSignature {
  readonly keyId: string;
  readonly value: string;
}

/** AppError NOT_FOUND when there is none, or none that concerns a host of this person. */
async function seenMandate(parts: AuthorityParts, principal: Principal, id: Digest): Promise<Stored> {
  const row = await mandateStore.find(parts.context.store, id);
  const stored = row === undefined ? null : { row, mandate: readMandateText(row.body) };
  if (stored === null || !isSeen(parts, principal, stored.mandate))
    throw new AppError('NOT_FOUND', { what: 'mandate', id });
  return stored;
}

function isSeen(parts: AuthorityParts, principal: Principal, { hosts }: Mandate): boolean {
  const scope = principal.scope('rollouts.read');
  if (scope.isAll || scope.isNone || hosts.kind === 'all') return !scope.isNone;
  return hosts.ids.some((id) => {
    const host = parts.hosts.index.get(id);
    return host !== undefined && scope.includes(host);
  });
}

function readMandateText(text: string): Mandate {
  const value = readJson(text);
  const parsed = Mandate.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('MANDATE_INVALID', { problem: placedProblem(Mandate, value, parsed.error) });
}

function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new AppError('MANDATE_INVALID', { problem: NOT_JSON }, { cause });
  }
}

function requireMayMandate(parts: AuthorityParts, principal: Principal, mandate: Mandate): void {
  const { effect } = weighMandate(parts.actions, mandate);
  const { hosts } = mandate;
  const everywhere = [...parts.hosts.index.keys()];
  requireMayApprove(parts, principal, { hostIds: hosts.kind === 'all' ? everywhere : hosts.ids, effect });
}

function requireCurrent({ row, mandate }: Stored, nowMs: number): void {
  if (row.revoked_at !== null)
    throw new AppError('MANDATE_OVER', {
      at: toTimestamp(row.revoked_at),
      reason: { en: 'revoked', zh: '已撤销' },
    });
  if (nowMs > Date.parse(mandate.expiresAt))
    throw new AppError('MANDATE_OVER', { at: mandate.expiresAt, reason: { en: 'expired', zh: '已过期' } });
}

export async function createMandate(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  { text, signature }: { readonly text: string; readonly signature: BroughtSignature },
): Promise<MandateRecord> {
  const mandate = readMandateText(text);
  const id = mandateDigest(text);
  const row = { id, body: text, created_at: parts.context.clock.now(), revoked_at: null };
  return addSignature(parts, asker, { stored: { row, mandate }, signature, isNew: true });
}

export async function signMandate(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  { id, signature }: { readonly id: Digest; readonly signature: BroughtSignature },
): Promise<MandateRecord> {
  const stored = await seenMandate(parts, asker.principal, id);
  return addSignature(parts, asker, { stored, signature, isNew: false });
}

async function addSignature(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  added: { readonly stored: Stored; readonly signature: BroughtSignature; readonly isNew: boolean },
): Promise<MandateRecord> {
  const { store, clock } = parts.context;
  const { stored, signature, isNew } = added;
  const { row, mandate } = stored;
  requireCurrent(stored, clock.now());
  requireMayMandate(parts, asker.principal, mandate);
  await store.transaction(async (transaction) => {
    const over = { ...signature, text: MANDATE_TAG + row.body, what: row.id };
    const key = await requireSignature(transaction, asker, over, clock.now());
    // The same text may have come before, and have been revoked since.
    const known = await mandateStore.find(transaction, row.id);
    if (known !== undefined) requireCurrent({ row: known, mandate }, clock.now());
    if (isNew) await mandateStore.insert(transaction, row);
    const { keyId, value } = signature;
    await signatureStore.put(transaction, { subject: row.id, key_id: keyId, value, given_at: clock.now() });
    await tell(parts, transaction, asker, {
      action: isNew ? 'mandate.made' : 'mandate.signed',
      event: isNew ? 'mandates.made' : 'mandates.signed',
      subject: row.id,
      details: { ...summaryOf(mandate), person: key.owner, keyId },
    });
  });
  return viewMandate(parts, stored);
}

/** This server offers no more under it. Hosts that must not take it from anybody need it in their own policy. */
export async function revokeMandate(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  { id, reason }: { readonly id: Digest; readonly reason: string },
): Promise<MandateRecord> {
  const { store, clock } = parts.context;
  const stored = await seenMandate(parts, asker.principal, id);
  requireCurrent(stored, clock.now());
  requireMayMandate(parts, asker.principal, stored.mandate);
  const nowMs = clock.now();
  await store.transaction(async (transaction) => {
    await mandateStore.revoke(transaction, id, nowMs);
    for (const digest of await mandateStore.plansUnder(transaction, id)) parts.changed(transaction, digest);
    await tell(parts, transaction, asker, {
      action: 'mandate.revoked',
      event: 'mandates.revoked',
      subject: id,
      details: { ...summaryOf(stored.mandate), reason },
    });
  });
  return viewMandate(parts, { ...stored, row: { ...stored.row, revoked_at: nowMs } });
}

/** From here on the plan's envelopes carry the mandate. A broken glass is told as loudly as this house can. */
export async function requireMandate(parts: AuthorityParts, principal: Principal, id: Digest): Promise<void> {
  requireCurrent(await seenMandate(parts, principal, id), parts.context.clock.now());
}

export async function useMandate(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  { planDigest, mandateId }: { readonly planDigest: Digest; readonly mandateId: Digest },
): Promise<PlanAuthority> {
  const { store, clock, log } = parts.context;
  const plan = await seenPlan(parts, asker.principal, planDigest);
  requireUnexpired(plan, clock.now());
  parts.plans().requireStart(asker.principal, plan);
  const stored = await seenMandate(parts, asker.principal, mandateId);
  requireCurrent(stored, clock.now());
  const signatures = await signatureStore.of(store, mandateId);
  if (!signatures.some((row) => isGood(row, clock.now())))
    throw new AppError('MANDATE_NOT_SIGNED', { mandate: mandateId });
  requireCovering(parts, plan, stored);
  const { mandate } = stored;
  const details = {
    ...summaryOf(mandate),
    planDigest,
    planTitle: plan.plan.header.title,
    hosts: plan.hosts.length,
  };
  await store.transaction(async (transaction) => {
    const use = { plan_digest: planDigest, mandate_id: mandateId, used_at: clock.now() };
    await mandateStore.use(transaction, use);
    await tell(parts, transaction, asker, {
      action: mandate.isBreakGlass ? 'mandate.glass-broken' : 'mandate.used',
      event: mandate.isBreakGlass ? 'mandates.glass-broken' : 'mandates.used',
      subject: mandateId,
      details,
    });
    parts.changed(transaction, planDigest);
  });
  if (mandate.isBreakGlass) log.warn('break-glass mandate used', { mandateId, ...details });
  return viewAuthority(parts, plan);
}

/** What hosts would refuse is refused here, where it costs nothing. */
function requireCovering(parts: AuthorityParts, plan: LoadedPlan, { row, mandate }: Stored): void {
  const nowMs = Math.max(parts.context.clock.now(), Date.parse(plan.plan.header.notBefore));
  const gaps = plan.hosts.flatMap((host, index) => {
    const asked = { step: plan.step(index), header: plan.plan.header, nowMs };
    const gap = gapOfMandate(mandate, asked, readerOf(parts));
    return gap === null ? [] : [{ host: host.name, gap }];
  });
  const [first] = gaps;
  if (first === undefined) return;
  throw new AppError('MANDATE_NOT_COVERING', {
    count: gaps.length,
    host: first.host,
    problem: MANDATE_GAPS[first.gap],
    mandate: row.id,
  });
}

const readerOf =
  ({ actions }: AuthorityParts): ReadParameters =>
  (action, parameters) => {
    const parsed = actions.get(action)?.parameters.safeParse(parameters);
    return parsed?.success === true ? JsonObject.parse(parsed.data) : null;
  };

export async function readMandateRecord(
  parts: AuthorityParts,
  principal: Principal,
  id: Digest,
): Promise<MandateRecord> {
  return viewMandate(parts, await seenMandate(parts, principal, id));
}

export async function listMandates(
  parts: AuthorityParts,
  principal: Principal,
  query: PageQuery,
): Promise<Page<MandateRecord>> {
  const after = readCursor(query.cursor, placeOf);
  const rows = await mandateStore.page(parts.context.store, after, query.limit + 1);
  const page = cutPage(rows, query.limit, (last) => `${last.created_at}/${last.id}`);
  const items: MandateRecord[] = [];
  for (const row of page.items) {
    const mandate = readMandateText(row.body);
    if (isSeen(parts, principal, mandate)) items.push(await viewMandate(parts, { row, mandate }));
  }
  return { items, nextCursor: page.nextCursor };
}

function placeOf(held: string): { created_at: number; id: string } | null {
  const match = /^(\d{1,15})\/([0-9a-f]{64})$/.exec(held);
  return match === null ? null : { created_at: Number(match[1]), id: match[2] ?? '' };
}

const summaryOf = (mandate: Mandate) => ({
  title: mandate.title,
  actions: mandate.actions.map(({ action }) => action).join(', '),
  usesMax: mandate.usesMax,
  expiresAt: mandate.expiresAt,
  isBreakGlass: mandate.isBreakGlass,
});

async function viewMandate(parts: AuthorityParts, { row, mandate }: Stored): Promise<MandateRecord> {
  const signatures = await signatureStore.of(parts.context.store, row.id);
  return {
    id: row.id,
    text: row.body,
    mandate,
    signatures: signatures.map((each) => viewSignature(each, parts.context.clock.now())),
    createdAt: toTimestamp(row.created_at),
    revokedAt: row.revoked_at === null ? null : toTimestamp(row.revoked_at),
  };
}
