import { collectAll, listAll } from '@pilothouse/client';
import type { Page } from '@pilothouse/contract';
import { integer } from './options.ts';

/** A person reads the first screens; a program that wants all says so. */
const ROWS_DEFAULT = 1000;
const ROWS_MAX = 1_000_000;
const PAGE_SIZE = 500;

export const limitOption = integer({
  placeholder: 'N',
  min: 1,
  max: ROWS_MAX,
  about: { en: `Rows at most (default ${ROWS_DEFAULT})`, zh: `最多行数（默认 ${ROWS_DEFAULT}）` },
});

/** The rows of a paged route up to `limit`. */
export function readList<T>(
  limit: number | undefined,
  fetchPage: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
): Promise<T[]> {
  const rowsMax = limit ?? ROWS_DEFAULT;
  const size = Math.min(rowsMax, PAGE_SIZE);
  return collectAll(
    listAll((cursor) => fetchPage({ limit: size, ...(cursor === undefined ? {} : { cursor }) }), rowsMax),
  );
}
