import { AppError, type HostsPage, type PageQuery } from '@pilothouse/contract';
import { z } from 'zod';
import { compareText } from './host-index.ts';

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
  const after = query.cursor === undefined ? null : readCursor(query.cursor);
  const start = after === null ? 0 : sorted.findIndex((host) => compareNamed(host, after) > 0);
  const shown = start === -1 ? [] : sorted.slice(start, start + query.limit);
  const last = shown.at(-1);
  const hasMore = last !== undefined && start + query.limit < sorted.length;
  return {
    items: shown.map(itemOf),
    nextCursor: hasMore ? Buffer.from(JSON.stringify([last.name, last.id])).toString('base64url') : null,
  };
}

function readCursor(cursor: string): Named {
  const parsed = Position.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!parsed.success)
    throw new AppError('INVALID_REQUEST', { where: 'query.cursor', problem: 'not a cursor' });
  const [name, id] = parsed.data;
  return { name, id };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever is not JSON is not a cursor either; the schema says so.
    return null;
  }
}
