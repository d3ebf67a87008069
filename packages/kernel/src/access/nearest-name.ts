/** The name that takes the fewest edits to reach (Levenshtein), for "did you mean". Empty when there is none to choose. */
export function nearestName(wrong: string, names: readonly string[]): string {
  let best = { name: '', edits: Number.POSITIVE_INFINITY };
  for (const name of names) {
    const edits = editsBetween(wrong, name);
    if (edits < best.edits) best = { name, edits };
  }
  return best.name;
}

function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
