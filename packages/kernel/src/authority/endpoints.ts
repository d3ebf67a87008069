import { approvalRoutes, mandateRoutes, operatorKeyRoutes } from '@pilothouse/contract';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import { cutPage, readCursor } from '../page-cursor.ts';
import { type ApprovalPlace, approvalStore, ruleStore, type StoredRules } from './approval-store.ts';
import { approvePlan, setRules, signPlan, withdrawApproval } from './approvals.ts';
import type { AuthorityParts } from './authority-parts.ts';
import {
  createMandate,
  listMandates,
  readMandateRecord,
  revokeMandate,
  signMandate,
  useMandate,
} from './mandates.ts';
import { listKeys, newChallenge, registerKey, revokeKey } from './operator-keys.ts';
import { seenPlan, viewApproval, viewAuthority } from './plan-authority.ts';
import type { AuthorityAsker } from './service.ts';

const asker = ({ principal, requestId }: Pick<HttpRequest, 'principal' | 'requestId'>): AuthorityAsker => ({
  principal,
  requestId,
});

const viewRules = ({ rules, version }: StoredRules) => ({ ...rules, etag: String(version) });

export const authorityEndpoints = (parts: AuthorityParts): Endpoint[] => [
  ...approvalEndpoints(parts),
  ...keyEndpoints(parts),
  ...mandateEndpoints(parts),
];

const approvalEndpoints = (parts: AuthorityParts): Endpoint[] => [
  endpoint(approvalRoutes.show, async ({ principal, params }) =>
    viewAuthority(parts, await seenPlan(parts, principal, params.digest)),
  ),
  endpoint(approvalRoutes.list, ({ principal, query }) => listApprovals(parts, principal, query)),
  endpoint(approvalRoutes.give, (request) =>
    approvePlan(parts, asker(request), { planDigest: request.params.digest, comment: request.body.comment }),
  ),
  endpoint(approvalRoutes.withdraw, (request) =>
    withdrawApproval(parts, asker(request), {
      planDigest: request.params.digest,
      reason: request.body.reason,
    }),
  ),
  endpoint(approvalRoutes.sign, (request) =>
    signPlan(parts, asker(request), { planDigest: request.params.digest, ...request.body }),
  ),
  endpoint(approvalRoutes.rules, async () => viewRules(await ruleStore.read(parts.context.store))),
  endpoint(approvalRoutes.setRules, async (request) =>
    viewRules(await setRules(parts, asker(request), { rules: request.body, ifMatch: request.ifMatch })),
  ),
];

const keyEndpoints = (parts: AuthorityParts): Endpoint[] => [
  endpoint(operatorKeyRoutes.list, ({ query }) => listKeys(parts, query)),
  endpoint(operatorKeyRoutes.challenge, (request) => newChallenge(parts, asker(request))),
  endpoint(operatorKeyRoutes.register, (request) => registerKey(parts, asker(request), request.body)),
  endpoint(operatorKeyRoutes.revoke, (request) =>
    revokeKey(parts, asker(request), { keyId: request.params.keyId, reason: request.body.reason }),
  ),
];

const mandateEndpoints = (parts: AuthorityParts): Endpoint[] => [
  endpoint(mandateRoutes.list, ({ principal, query }) => listMandates(parts, principal, query)),
  endpoint(mandateRoutes.get, ({ principal, params }) =>
    readMandateRecord(parts, principal, params.mandateId),
  ),
  endpoint(mandateRoutes.create, (request) => createMandate(parts, asker(request), request.body)),
  endpoint(mandateRoutes.sign, (request) =>
    signMandate(parts, asker(request), { id: request.params.mandateId, signature: request.body }),
  ),
  endpoint(mandateRoutes.revoke, (request) =>
    revokeMandate(parts, asker(request), { id: request.params.mandateId, reason: request.body.reason }),
  ),
  endpoint(mandateRoutes.use, (request) =>
    useMandate(parts, asker(request), {
      planDigest: request.params.digest,
      mandateId: request.body.mandateId,
    }),
  ),
];

type ListRequest = Parameters<Parameters<typeof endpoint<typeof approvalRoutes.list>>[1]>[0];

/** Those of plans that this person sees; what was approved of hosts elsewhere is absent. */
async function listApprovals(
  parts: AuthorityParts,
  principal: ListRequest['principal'],
  query: ListRequest['query'],
) {
  const after = readCursor(query.cursor, placeOf);
  const rows = await approvalStore.page(parts.context.store, after, query.limit + 1);
  const page = cutPage(rows, query.limit, (last) => `${last.given_at}/${last.plan_digest}/${last.person_id}`);
  const seen = new Map<string, boolean>();
  for (const { plan_digest } of page.items) {
    if (seen.has(plan_digest)) continue;
    const plan = await parts.plans().load(plan_digest);
    const isSeen =
      plan === null ? principal.scope('rollouts.read').isAll : parts.plans().isSeenBy(principal, plan);
    seen.set(plan_digest, isSeen);
  }
  const items = page.items.filter((row) => seen.get(row.plan_digest) === true).map(viewApproval);
  return { items, nextCursor: page.nextCursor };
}

function placeOf(held: string): ApprovalPlace | null {
  const match = /^(\d{1,15})\/([0-9a-f]{64})\/(.{1,128})$/.exec(held);
  return match === null
    ? null
    : { given_at: Number(match[1]), plan_digest: match[2] ?? '', person_id: match[3] ?? '' };
}
