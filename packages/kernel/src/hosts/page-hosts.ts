import { compareText } from '@pilothouse/base';
import type { HostsPage, PageQuery } from '@pilothouse/contract';
import { z } from 'zod';
import { cutPage, readCursor } from '../page-cursor.ts';

const Position = z.tuple([z.string(), z.string()]);

/** What list order rests on. */
export interface Named {
  readonly name: string;
  readonly id: string;
}

export const compareNamed = (a: Named, b: Named): number =>
  compareText(a.name, b.name) || compareText(a.id, b.id);

/**
 * One page of hosts that are sorted by name and id. The cursor is the last host's name and id, so it stays good while
 * hosts come and go.
 */
export function pageHosts<T extends Named>(
  sorted: readonly T[],
  query: PageQuery,
  itemOf: (host: T) => HostsPage['items'][number],
): Pick<HostsPage, 'items' | 'nextCursor'> {
  const after = readCursor(query.cursor, heldNamed);
  const start = after === null ? 0 : sorted.findIndex((host) => compareNamed(host, after) > 0);
  const rest = start === -1 ? [] : sorted.slice(start, start + query.limit + 1);
  const page = cutPage(rest, query.limit, ({ name, id }) => JSON.stringify([name, id]));
  return { ...page, items: page.items.map(itemOf) };
}

function heldNamed(held: string): Named | null {
  try {
    const [name, id] = Position.parse(JSON.parse(held));
    return { name, id };
  } catch {
    // Whatever is not JSON of that shape is not a cursor of this list.
    return null;
  }
}
