import type { Finding, Page, PageQuery } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import { pageCursor, readCursor } from '../page-cursor.ts';
import { severityRank } from './life-cycle.ts';
import type { FindingsFilter } from './service.ts';
import { type FindingsPosition, readFindings } from './store.ts';

/** Looked at for one page: a reader of few hosts in a big fleet gets a short page and a cursor rather than wait. */
const SCANNED_FINDINGS_MAX = 20_000;
const SCANNED_AT_ONCE_MAX = 1_000;

/** A page may be short, even empty, and still have a next one: hosts outside the filter's set are left out. */
export async function listFindings(
  store: Store,
  filter: FindingsFilter,
  page: PageQuery,
): Promise<Page<Finding>> {
  const items: Finding[] = [];
  let after = readCursor(page.cursor, heldPosition);
  const limit = filter.hostIds === null ? page.limit : SCANNED_AT_ONCE_MAX;
  for (let scanned = 0; scanned < SCANNED_FINDINGS_MAX; scanned += limit) {
    const found = await readFindings(store, filter, { after, limit });
    for (const finding of found) {
      after = { rank: severityRank(finding.severity), id: finding.id };
      if (isShown(filter, finding)) items.push(finding);
      if (items.length === page.limit) return { items, nextCursor: cursorOf(after) };
    }
    if (found.length < limit) return { items, nextCursor: null };
  }
  return { items, nextCursor: after === null ? null : cursorOf(after) };
}

/** Findings of no single host are for those who see all. */
function isShown({ hostIds }: FindingsFilter, { hostId }: Finding): boolean {
  return hostIds === null || (hostId !== null && hostIds.has(hostId));
}

const cursorOf = ({ rank, id }: FindingsPosition): string => pageCursor(`${rank} ${id}`);

function heldPosition(held: string): FindingsPosition | null {
  const [, rank, id] = /^(\d) (\S+)$/.exec(held) ?? [];
  return rank === undefined || id === undefined ? null : { rank: Number(rank), id };
}
