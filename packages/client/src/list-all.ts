import { AppError, type Page } from '@pilothouse/contract';

/** Pages that one listing may fetch: a million rows in pages of 500 are 2,000, and pages of who sees few hosts are short. */
const PAGES_MAX = 10_000;

/**
 * Every item of a paged route, page after page, at most `itemsMax`. AppError CLIENT_LIST_ENDLESS: a part is never given for
 * the whole.
 */
export async function* listAll<T>(
  fetchPage: (cursor: string | undefined) => Promise<Page<T>>,
  itemsMax: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<T> {
  let cursor: string | undefined;
  let given = 0;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await fetchPage(cursor);
    for (const item of page.items) {
      if (given >= itemsMax) return;
      given += 1;
      yield item;
    }
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
  throw new AppError('CLIENT_LIST_ENDLESS', { pages: PAGES_MAX });
}
