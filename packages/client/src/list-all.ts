import type { Page } from '@pilothouse/contract';

/** Pages that one listing may fetch: at the largest page size a hundred thousand rows. */
const PAGES_MAX = 1000;

/** Every item of a paged route, page after page, at most `itemsMax`. */
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
}
