/** The HTTP side of enrolment: tokens, waiting hosts, trust. */
import {
  AppError,
  type HostId,
  HostId as HostIdSchema,
  type PendingHost,
  enrolmentRoutes as routes,
  toTimestamp,
} from '@pilothouse/contract';
import type { HostScope, Principal } from '../access/service.ts';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import { cutPage, readCursor } from '../page-cursor.ts';
import type { Enrolment } from './create-enrolment.ts';
import { acceptAsNew, acceptAsReplacement, type Decider, refuse } from './decide-pending.ts';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { retireKey, rotateKey, trustStatus } from './rotations.ts';
import {
  type EnrolmentTables,
  type HostRow,
  pendingAfter,
  type TokenRow,
  tokenById,
  tokensBefore,
} from './store.ts';
import { createToken, groupsOf, labelsOf, revokeTokenBy, tokenRecord } from './tokens.ts';

const READ = 'enrolment.read';
const TOKENS = 'enrolment.tokens';
const DECIDE = 'enrolment.decide';

export const enrolmentEndpoints = (enrolment: Enrolment): Endpoint[] => [
  ...tokenEndpoints(enrolment.deps),
  ...pendingEndpoints(enrolment),
  ...trustEndpoints(enrolment.deps),
];

const by = (request: HttpRequest<unknown, unknown, unknown>): Decider => ({
  actor: request.principal.actor,
  requestId: request.requestId,
});

function tokenEndpoints(deps: EnrolmentDeps): Endpoint[] {
  const { context } = deps;
  const db = context.store.as<EnrolmentTables>();
  return [
    endpoint(routes.createToken, async (request) => {
      const wish = request.body;
      const scope = request.principal.scope(TOKENS);
      if (!scope.includes(futureHost(wish))) throw new AppError('ENROL_TOKEN_SCOPE');
      return createToken(deps, wish, by(request));
    }),
    endpoint(routes.listTokens, async (request) => {
      const scope = request.principal.scope(READ);
      const { cursor, limit } = request.query;
      const rows = await tokensBefore(db, readCursor(cursor, heldId), limit + 1);
      const now = context.clock.now();
      const page = cutPage(rows, limit, (row) => row.id);
      const seen = page.items.filter((row) => scope.includes(hostOfToken(row)));
      return { items: seen.map((row) => tokenRecord(row, now)), nextCursor: page.nextCursor };
    }),
    endpoint(routes.revokeToken, async (request) => {
      const { tokenId } = request.params;
      const row = await tokenById(db, tokenId);
      if (row === null || !request.principal.scope(TOKENS).includes(hostOfToken(row))) {
        throw new AppError('NOT_FOUND', { what: 'token', id: tokenId });
      }
      await revokeTokenBy(deps, row, by(request));
      return undefined;
    }),
  ];
}

function pendingEndpoints(enrolment: Enrolment): Endpoint[] {
  const { deps, revoked } = enrolment;
  const { context, hosts } = deps;
  const db = context.store.as<EnrolmentTables>();
  return [
    endpoint(routes.listPending, async (request) => {
      const { cursor, limit } = request.query;
      const rows = await pendingAfter(db, readCursor(cursor, heldId), limit + 1);
      const page = cutPage(rows, limit, (row) => row.host_id);
      const scope = request.principal.scope(READ);
      const items: PendingHost[] = [];
      for (const row of page.items) {
        const pending = await pendingHost(deps, row, scope);
        if (pending !== null) items.push(pending);
      }
      return { items, nextCursor: page.nextCursor };
    }),
    endpoint(routes.acceptPending, async (request) => {
      const { hostId } = request.params;
      inScope(deps, request.principal, hostId);
      if (!request.body.replace) {
        await acceptAsNew(deps, hostId, by(request));
        return { hostId };
      }
      const livesOn = await acceptAsReplacement(deps, hostId, { by: by(request), revoked }, (oldId) =>
        inScope(deps, request.principal, oldId),
      );
      return { hostId: livesOn };
    }),
    endpoint(routes.refusePending, async (request) => {
      inScope(deps, request.principal, request.params.hostId);
      await refuse(deps, request.params.hostId, { by: by(request), revoked });
      return undefined;
    }),
    endpoint(routes.revokeHost, async (request) => {
      const { hostId } = request.params;
      inScope(deps, request.principal, hostId);
      const { reason } = request.body;
      await context.store.transaction(async (transaction) => {
        await enrolment.service.revokeHost(transaction, hostId, 'operator');
        await deps.audit.append(transaction, [
          { ...by(request), action: 'host.revoked', subject: hostId, details: { reason } },
        ]);
        const data = { name: hosts.index.get(hostId)?.name ?? hostId };
        await deps.events.publish(transaction, [{ type: 'enrolment.revoked', hostId, data }]);
      });
      return undefined;
    }),
  ];
}

function trustEndpoints(deps: EnrolmentDeps): Endpoint[] {
  const status = (principal: Principal) => trustStatus(deps, principal.scope(READ));
  return [
    endpoint(routes.trustStatus, (request) => status(request.principal)),
    endpoint(routes.rotateTrust, async (request) => {
      await rotateKey(deps, request.body.kind, by(request));
      return status(request.principal);
    }),
    endpoint(routes.retireTrust, async (request) => {
      const { kind, evenIfHostsRemain } = request.body;
      await retireKey(deps, kind, { evenIfHostsRemain, by: by(request) });
      return status(request.principal);
    }),
  ];
}

/** What lies outside the scope is shown as absent. */
function inScope(deps: EnrolmentDeps, principal: Principal, hostId: HostId): void {
  const entry = deps.hosts.index.get(hostId);
  if (entry === undefined || !principal.scope(DECIDE).includes(entry)) {
    throw new AppError('NOT_FOUND', { what: 'host', id: hostId });
  }
}

async function pendingHost(deps: EnrolmentDeps, row: HostRow, scope: HostScope): Promise<PendingHost | null> {
  const entry = deps.hosts.index.get(row.host_id);
  if (entry === undefined || !scope.includes(entry)) return null;
  const token = await tokenById(deps.context.store.as<EnrolmentTables>(), row.token_id);
  const old = row.replaces === null ? undefined : deps.hosts.index.get(row.replaces);
  return {
    host: deps.hosts.recordOf(entry),
    requestedAt: toTimestamp(row.enrolled_at),
    tokenName: token?.name ?? row.token_id,
    machineId: row.machine_id,
    replaces: old === undefined || !scope.includes(old) ? null : { id: old.id, name: old.name },
  };
}

/** A host that this token would make, for the question whether it would be in scope. */
const futureHost = (wish: { labels: Record<string, string>; groups: readonly string[] }) => ({
  id: '',
  name: '',
  labels: wish.labels,
  groups: wish.groups,
});
const hostOfToken = (row: TokenRow) => futureHost({ labels: labelsOf(row), groups: groupsOf(row) });

const TOKEN_ID = /^et_[0-9a-hjkmnp-tv-z]{18}$/;

/** Ids of either list; what is neither is refused as a cursor. */
const heldId = (held: string): string | null =>
  TOKEN_ID.test(held) || HostIdSchema.safeParse(held).success ? held : null;
