import { type Actor, AppError, type HostId, type TrustStatus, toTimestamp } from '@pilothouse/contract';
import type { HostScope } from '../access/service.ts';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { fingerprintOf } from './issue-certificate.ts';
import { type EnrolmentTables, hostsUnder, revokeTokensPinnedTo, trustVersions } from './store.ts';
import type { WithBundle } from './trust.ts';
import type { RotatedKind } from './trust-keys.ts';

const SHOWN_HOSTS_MAX = 100;
const KINDS: readonly RotatedKind[] = ['ca', 'envelope'];
const SYSTEM: Actor = { kind: 'system', id: 'enrolment', name: 'enrolment' };

interface Moves {
  readonly moved: readonly HostId[];
  readonly notMoved: readonly HostId[];
}

/**
 * Which registered hosts have followed an open rotation. envelope: the host adopted a bundle with the new key. ca: that,
 * and it holds a certificate of the new authority; until then retiring the old one would send it through a renewal.
 */
async function movesOf(deps: EnrolmentDeps, kind: RotatedKind): Promise<Moves> {
  const next = deps.trust.next(kind);
  if (next === null) return { moved: [], notMoved: [] };
  const db = deps.context.store.as<EnrolmentTables>();
  const holders = kind === 'ca' ? await hostsUnder(db, next.kid) : null;
  const moved: HostId[] = [];
  const notMoved: HostId[] = [];
  for (const row of await trustVersions(db)) {
    if (!deps.hosts.index.has(row.host_id)) continue;
    const has = row.trust_version >= next.since_version && (holders?.has(row.host_id) ?? true);
    (has ? moved : notMoved).push(row.host_id);
  }
  return { moved, notMoved };
}

/** Hosts outside the reader's scope are neither named nor counted. */
export async function trustStatus(
  deps: EnrolmentDeps,
  scope: Pick<HostScope, 'includes'>,
): Promise<TrustStatus> {
  const { trust, hosts } = deps;
  const rotations: TrustStatus['rotations'] = [];
  for (const kind of KINDS) {
    const next = trust.next(kind);
    if (next === null) continue;
    const isVisible = (id: HostId): boolean => {
      const entry = hosts.index.get(id);
      return entry !== undefined && scope.includes(entry);
    };
    const moves = await movesOf(deps, kind);
    const [moved, notMoved] = [moves.moved.filter(isVisible), moves.notMoved.filter(isVisible)];
    rotations.push({
      kind,
      since: toTimestamp(next.created_at),
      hostsMoved: moved.length,
      hostsNotMovedCount: notMoved.length,
      hostsNotMoved: notMoved
        .slice(0, SHOWN_HOSTS_MAX)
        .map((id) => ({ id, name: hosts.index.get(id)?.name ?? id })),
    });
  }
  return {
    version: trust.version,
    keys: trust.keys.map((row) => {
      const { kid, kind, state } = row;
      const retiredAt = row.retired_at === null ? null : toTimestamp(row.retired_at);
      return { kid, kind, state, createdAt: toTimestamp(row.created_at), retiredAt };
    }),
    pin: fingerprintOf(trust.authority.certificate),
    rotations,
  };
}

export interface Rotator {
  readonly actor: Actor;
  readonly requestId: string | null;
}

export async function rotateKey(deps: EnrolmentDeps, kind: RotatedKind, by: Rotator): Promise<void> {
  await deps.trust.rotate(kind, recorded(deps, { action: 'trust.rotated', kind, by }));
}

/** Retires the old key. While hosts have not moved this needs `evenIfHostsRemain`. */
export async function retireKey(
  deps: EnrolmentDeps,
  kind: RotatedKind,
  options: { readonly evenIfHostsRemain: boolean; readonly by: Rotator },
): Promise<void> {
  if (deps.trust.next(kind) === null) throw new AppError('ENROL_NO_ROTATION', { kind });
  const { notMoved } = await movesOf(deps, kind);
  if (notMoved.length > 0 && !options.evenIfHostsRemain) {
    throw new AppError('ENROL_HOSTS_NOT_MOVED', { kind, count: notMoved.length });
  }
  const oldAuthority = deps.trust.authority.kid;
  const record = recorded(deps, { action: 'trust.retired', kind, by: options.by });
  await deps.trust.retire(kind, async (transaction, version) => {
    // A pasted token pins the authority; with that gone it could only fail in a way that is hard to understand.
    if (kind === 'ca') {
      const db = transaction.as<EnrolmentTables>();
      await revokeTokensPinnedTo(db, oldAuthority, deps.context.clock.now());
    }
    await record(transaction, version);
  });
}

/** Ends each rotation that no registered host is behind. */
export async function settleRotations(deps: EnrolmentDeps): Promise<void> {
  for (const kind of KINDS) {
    if (deps.trust.next(kind) === null) continue;
    const { moved, notMoved } = await movesOf(deps, kind);
    if (moved.length === 0 || notMoved.length > 0) continue;
    await retireKey(deps, kind, {
      evenIfHostsRemain: false,
      by: { actor: SYSTEM, requestId: null },
    }).catch((cause: unknown) => {
      // Another run, or a person, has just done it.
      if (!(cause instanceof AppError && cause.code === 'ENROL_NO_ROTATION')) throw cause;
    });
  }
}

function recorded(
  deps: EnrolmentDeps,
  record: { readonly action: string; readonly kind: RotatedKind; readonly by: Rotator },
): WithBundle {
  const { action, kind, by } = record;
  return async (transaction, version) => {
    await deps.audit.append(transaction, [
      {
        actor: by.actor,
        action,
        subject: kind,
        details: { bundleVersion: version },
        requestId: by.requestId,
      },
    ]);
    const type = action.replace('trust.', 'enrolment.trust-');
    await deps.events.publish(transaction, [{ type, hostId: null, data: { kind, version } }]);
  };
}
