import { AppError, type Page } from '@pilothouse/contract';

/** The cursor that holds this text, wrapped so that nobody builds on what is in it. */
export const pageCursor = (held: string): string => Buffer.from(held).toString('base64url');

/** What `read` makes of the text that a cursor holds; null without one. AppError INVALID_REQUEST when it makes nothing of it. */
export function readCursor<Position>(
  cursor: string | undefined,
  read: (held: string) => Position | null,
): Position | null {
  if (cursor === undefined) return null;
  const position = read(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (position !== null) return position;
  throw new AppError('INVALID_REQUEST', {
    where: 'query.cursor',
    problem: { en: 'not a cursor', zh: '不是有效的游标' },
  });
}

/** For lists in the order of a text, such as an id or a name. */
export const heldText = (held: string): string | null => (held === '' ? null : held);

/** For lists in the order of a number: an index, a sequence, a time in milliseconds. */
export const heldCount = (held: string): number | null => (/^\d{1,15}$/.test(held) ? Number(held) : null);

/** Of rows that were asked for with one more than the limit, those of the page and a cursor that holds the last one's place. */
export function cutPage<Row>(rows: readonly Row[], limit: number, heldBy: (last: Row) => string): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? pageCursor(heldBy(last)) : null };
}
