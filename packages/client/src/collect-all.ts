/** All items of a source that is known to be small. (Array.fromAsync needs a newer runtime than the agent promises.) */
export async function collectAll<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
