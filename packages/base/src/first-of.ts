/** What stands first when `items` are sorted, without sorting all of them: for the first page of a long list. */
export function firstOf<T>(items: Iterable<T>, count: number, compare: (a: T, b: T) => number): T[] {
  const first: T[] = [];
  if (count < 1) return first;
  for (const item of items) {
    const last = first.at(-1);
    if (first.length >= count && last !== undefined && compare(item, last) >= 0) continue;
    if (first.length >= count) first.pop();
    first.splice(placeOf(item, first, compare), 0, item);
  }
  return first;
}

/** Behind those that are equal, as a stable sort would leave it. */
function placeOf<T>(item: T, sorted: readonly T[], compare: (a: T, b: T) => number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = sorted[middle];
    if (at !== undefined && compare(at, item) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
