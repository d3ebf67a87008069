/** Runs `run(0)` to `run(count - 1)`, so many at once, and gives their results in that order. */
export async function mapConcurrently<T>(
  count: number,
  concurrent: number,
  run: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = new Array(count);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      results[index] = await run(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrent, count) }, work));
  return results;
}
