import type { CompiledQuery } from 'kysely';
import { rowChunks } from './row-chunks.ts';

/**
 * Inserts many rows in statements of many rows each. Describing such a statement takes longer than carrying it out, so it
 * is described once and serves every chunk of the same length; the database, too, keeps it prepared.
 *
 * `compile` builds the insert of some rows; it must use their values as they are. All rows have the same columns.
 */
export async function insertRows<Row extends object>(
  rows: readonly Row[],
  compile: (chunk: readonly Row[]) => CompiledQuery,
  execute: (query: CompiledQuery) => Promise<unknown>,
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  // The query builder names columns in the order of the first row.
  const columns = Object.keys(first) as (keyof Row)[]; // The keys of a plain row are its columns.
  /** By the number of rows: that of a full chunk, and that of the last. */
  const made = new Map<number, CompiledQuery>();
  for (const chunk of rowChunks(rows)) {
    const query = made.get(chunk.length) ?? compile(chunk);
    made.set(chunk.length, query);
    const parameters = chunk.flatMap((row) => columns.map((column) => row[column]));
    await execute({ ...query, parameters });
  }
}
