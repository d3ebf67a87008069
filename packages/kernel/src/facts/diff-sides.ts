import { AppError, Digest, FACT_CHANGES_SHOWN_MAX, type FactDiff, Timestamp } from '@pilothouse/contract';
import { z } from 'zod';
import type { Principal } from '../access/service.ts';
import { findHost } from '../hosts/index.ts';
import type { HostsService } from '../hosts/service.ts';
import { diffBodies } from './diff-bodies.ts';
import type { FactsService } from './service.ts';

export interface DiffDeps {
  readonly facts: FactsService;
  readonly hosts: Pick<HostsService, 'index' | 'sorted'>;
}

interface Side {
  readonly label: string;
  readonly digest: string | null;
}

export const FACTS_READ = 'facts.read';

/**
 * What a side of a comparison names: a digest, a host as it is now, or `host@time`. A digest is shown to whoever may see a
 * host that has, or had, that content. AppError HOST_*, FACT_NOT_REPORTED, FACT_BODY_MISSING, FACT_SIDE_INVALID.
 */
async function readSide(
  deps: DiffDeps,
  principal: Principal,
  asked: { fact: string; side: string },
): Promise<Side> {
  const { fact, side } = asked;
  if (Digest.safeParse(side).success) {
    await requireSeen(deps, principal, side);
    return { label: side.slice(0, 12), digest: side };
  }
  const at = side.lastIndexOf('@');
  const time = at === -1 ? null : side.slice(at + 1);
  if (time !== null && !Timestamp.safeParse(time).success) throw new AppError('FACT_SIDE_INVALID', { side });
  const ref = at === -1 ? side : side.slice(0, at);
  const host = findHost(deps.hosts, principal, { ref, permission: FACTS_READ });
  const spans =
    time === null ? await deps.facts.current(host.id) : await deps.facts.asOf(host.id, Date.parse(time));
  const span = spans.find((each) => each.fact === fact);
  if (span === undefined) throw new AppError('FACT_NOT_REPORTED', { host: host.name, fact });
  return {
    label: time === null ? host.name : `${host.name}@${time}`,
    digest: span.report.kind === 'present' ? span.report.digest : null,
  };
}

/** AppError FACT_BODY_MISSING unless some host in the reader's sight has or had this content. */
export async function requireSeen(deps: DiffDeps, principal: Principal, digest: string): Promise<void> {
  const scope = principal.scope(FACTS_READ);
  if (scope.isAll) return;
  for (const id of await deps.facts.hostsThatHad(digest)) {
    const host = deps.hosts.index.get(id);
    if (host !== undefined && scope.includes(host)) return;
  }
  throw new AppError('FACT_BODY_MISSING', { digest });
}

export async function diffSides(
  deps: DiffDeps,
  principal: Principal,
  asked: { fact: string; left: string; right: string },
): Promise<FactDiff> {
  const { fact } = asked;
  const left = await readSide(deps, principal, { fact, side: asked.left });
  const right = await readSide(deps, principal, { fact, side: asked.right });
  const items =
    left.digest === right.digest ? [] : diffBodies(await bodyOf(deps, left), await bodyOf(deps, right));
  const count = (kind: string) => items.filter((item) => item.kind === kind).length;
  return {
    fact,
    left,
    right,
    isSame: left.digest === right.digest,
    added: count('added'),
    removed: count('removed'),
    changed: count('changed'),
    items: items.slice(0, FACT_CHANGES_SHOWN_MAX),
  };
}

const Json = z.json();

async function bodyOf({ facts }: DiffDeps, { digest }: Side): Promise<z.infer<typeof Json>> {
  if (digest === null) return null;
  const body = await facts.body(digest);
  if (body === null) throw new AppError('FACT_BODY_MISSING', { digest });
  // Schemas of facts describe JSON, and every body was parsed from it.
  return body as z.infer<typeof Json>;
}
