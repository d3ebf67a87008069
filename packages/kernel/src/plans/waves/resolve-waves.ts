import { AppError, type HostId, type RedundancySet, type Strategy, WAVES_MAX } from '@pilothouse/contract';
import type { HostEntry, TargetResolver } from '../../hosts/service.ts';
import { planWaves, type WavePlan } from './plan-waves.ts';
import { type RedundancySets, redundancySets } from './redundancy-sets.ts';

/** A plan that asks for nothing of this keeps the header that every agent knows: its waves follow from the strategy. */
export const isResolved = ({ waves, apart }: Pick<Strategy, 'waves' | 'apart'>): boolean =>
  apart !== undefined || waves.kind === 'staged' || waves.kind === 'per-label';

/** The waves of a plan for `hosts`, in their order; null: they follow from the strategy alone. AppError PLAN_WAVES_*. */
export async function resolveWaves(
  { resolver }: { readonly resolver: TargetResolver },
  strategy: Pick<Strategy, 'waves' | 'apart'>,
  hosts: readonly HostEntry[],
): Promise<WavePlan | null> {
  if (!isResolved(strategy)) return null;
  const { waves, apart = [] } = strategy;
  const sets = redundancySets(apart, hosts, await membersOfGroups(resolver, apart));
  const facts = buildFacts(strategy.waves);
  const missing = facts.filter((fact) => !hosts.some((host) => host.facts.has(fact)));
  if (missing.length > 0) throw new AppError('PLAN_BUILD_FACT_UNKNOWN', { fact: missing.join(', ') });
  const plan = planWaves({
    waves,
    sets,
    hosts: hosts.map((host) => ({
      labels: host.labels,
      isOnline: host.isOnline && host.state === 'active' && !host.isInMaintenance,
      build: facts.length === 0 ? '' : buildOf(host, facts),
    })),
  });
  if (plan === null) throw impossible(sets, hosts.length);
  return plan;
}

const buildFacts = (waves: Strategy['waves']): readonly string[] =>
  'canary' in waves && waves.canary !== null && 'perBuild' in waves.canary ? waves.canary.perBuild : [];

/** What a host has not reported counts as a value of its own: such hosts get a canary, too. */
const buildOf = (host: HostEntry, facts: readonly string[]): string =>
  facts.map((fact) => host.facts.get(fact)?.digest ?? '-').join(' ');

/** Whoever cannot be decided for want of facts counts as a member: the careful side. */
async function membersOfGroups(
  resolver: TargetResolver,
  apart: readonly RedundancySet[],
): Promise<Map<string, ReadonlySet<HostId>>> {
  const members = new Map<string, ReadonlySet<HostId>>();
  for (const set of apart) {
    if (set.kind !== 'group' || members.has(set.path)) continue;
    const { hosts, undetermined } = await resolver.resolve({ groups: [set.path] });
    members.set(set.path, new Set([...hosts, ...undetermined].map((host) => host.id)));
  }
  return members;
}

function impossible({ sets }: RedundancySets, hosts: number): AppError {
  const largest = sets.reduce<RedundancySets['sets'][number] | null>(
    (a, b) => (a === null || b.membersCount > a.membersCount ? b : a),
    null,
  );
  if (largest !== null && largest.membersCount > WAVES_MAX)
    return new AppError('PLAN_WAVES_IMPOSSIBLE', {
      set: largest.name,
      members: largest.membersCount,
      wavesMax: WAVES_MAX,
    });
  return new AppError('PLAN_WAVES_TOO_MANY', { hosts, wavesMax: WAVES_MAX });
}
