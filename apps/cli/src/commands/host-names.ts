import { type Client, ProblemError } from '@pilothouse/client';
import { hostsRoutes } from '@pilothouse/contract';

/** Up to this many are asked for one by one; more cost less as pages of the whole list. */
const ASKED_SINGLY_MAX = 16;
const PAGE_SIZE = 1000;
const PAGES_MAX = 100;

/** Names of the hosts that rows speak of, by id. A host that is gone or out of scope is left out. */
export async function hostNames(
  client: Client,
  rows: readonly { readonly hostId: string | null }[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set(rows.flatMap((row) => (row.hostId === null ? [] : [row.hostId])));
  const names = new Map<string, string>();
  if (wanted.size <= ASKED_SINGLY_MAX) {
    for (const host of wanted) {
      const found = await client.call(hostsRoutes.get, { params: { host } }).catch(absent);
      if (found !== null) names.set(found.id, found.name);
    }
    return names;
  }
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX && names.size < wanted.size; pages++) {
    const page: { items: { id: string; name: string }[]; nextCursor: string | null } = await client.call(
      hostsRoutes.list,
      { query: { limit: PAGE_SIZE, ...(cursor === null ? {} : { cursor }) } },
    );
    for (const host of page.items) if (wanted.has(host.id)) names.set(host.id, host.name);
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  return names;
}

/** Seeing a row does not always mean seeing its host: such names stay ids. */
const absent = (error: unknown): null => {
  if (error instanceof ProblemError) return null;
  throw error;
};
