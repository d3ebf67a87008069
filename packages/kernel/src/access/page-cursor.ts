import { AppError, type Page, type PageQuery } from '@pilothouse/contract';

/** Cursors are the last id of the page, wrapped so that nobody builds on what is in them. */
export function afterOf(query: PageQuery): string {
  if (query.cursor === undefined) return '';
  const id = Buffer.from(query.cursor, 'base64url').toString('utf8');
  if (id === '') throw new AppError('INVALID_REQUEST', { where: 'query.cursor', problem: 'not a cursor' });
  return id;
}

/** `rows` holds one more than the page when there is a next one. */
export function toPage<Row extends { id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  itemOf: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return {
    items: shown.map(itemOf),
    nextCursor: hasMore ? Buffer.from(last.id).toString('base64url') : null,
  };
}
