import { compareText } from '@pilothouse/base';

/** A sorted copy by the given keys in turn; lists in facts are sorted so that equal hosts have equal digests. */
export function sortedBy<T>(items: readonly T[], ...keys: ((item: T) => string)[]): T[] {
  return items.toSorted((a, b) => {
    for (const key of keys) {
      const order = compareText(key(a), key(b));
      if (order !== 0) return order;
    }
    return 0;
  });
}

export const sortedUnique = (texts: Iterable<string>): string[] => [...new Set(texts)].sort(compareText);
