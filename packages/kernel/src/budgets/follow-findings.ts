import { type BudgetRoll, setFailing } from './budget-roll.ts';
import type { BudgetsDeps } from './create-budgets.ts';

const FINDINGS_PER_READ = 1000;

/** A host with an unresolved finding whose kind means that it is down counts as failing, acknowledged or not. */
export async function followFindings(
  { findings, events }: Pick<BudgetsDeps, 'findings' | 'events'>,
  roll: BudgetRoll,
): Promise<void> {
  const kinds = [...findings.specs.values()]
    .filter(({ meansDown }) => meansDown === true)
    .map(({ kind }) => kind);
  if (kinds.length === 0) return;
  events.subscribe(({ type, hostId, data }) => {
    const { findingId, kind } = data;
    if (hostId === null || typeof findingId !== 'string' || typeof kind !== 'string') return;
    if (!type.startsWith('finding.') || !kinds.includes(kind)) return;
    setFailing(roll, { hostId, source: sourceOf(findingId) }, type !== 'finding.resolved');
  });
  for (const kind of kinds)
    for (const state of ['open', 'acknowledged'] as const)
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await findings.list(
          { kind, state, hostIds: null },
          { limit: FINDINGS_PER_READ, ...(cursor === undefined ? {} : { cursor }) },
        );
        for (const { id, hostId } of page.items)
          if (hostId !== null) setFailing(roll, { hostId, source: sourceOf(id) }, true);
        cursor = page.nextCursor;
      }
}

const sourceOf = (findingId: string): string => `finding:${findingId}`;
