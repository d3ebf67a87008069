/**
 * The known name that the fewest slips of the fingers turn into the typed one, for "did you mean"; null when there is none
 * within `slipsMax`. Case does not count; of equally near names the first.
 */
export function nearestName(
  typed: string,
  known: readonly string[],
  slipsMax = Number.POSITIVE_INFINITY,
): string | null {
  let nearest: string | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const slips = slipsBetween(typed.toLowerCase(), name.toLowerCase());
    if (slips <= slipsMax && slips < fewest) {
      nearest = name;
      fewest = slips;
    }
  }
  return nearest;
}

/** Damerau–Levenshtein in its optimal string alignment form: insert, delete, replace, swap neighbours. */
function slipsBetween(a: string, b: string): number {
  let earlier: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const slips = Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(isSwap ? Math.min(slips, (earlier[j - 2] ?? 0) + 1) : slips);
    }
    earlier = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
