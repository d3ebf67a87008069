import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { storableText } from '../storable-text.ts';
import type { Store, Transaction } from '../store.ts';
import { readMeta } from '../store-meta.ts';
import { COPY_FORMAT, type CopyFile, type CopyHead, type CopyMark, type CopyTableEnd } from './copy-lines.ts';
import { type TableShape, tableShapes } from './table-shape.ts';

/** Pages are cut so that one holds about this many bytes, whatever the rows are like. */
const PAGE_BYTES = 4 * 1024 * 1024;
const PAGE_ROWS = { first: 100, max: 5_000 };

type Source = Pick<Transaction, 'as'> & { readonly engine: Store['engine'] };

export interface CopyCounts {
  readonly tables: number;
  readonly rows: number;
}

export interface WriteCopyOptions {
  readonly source: Source;
  /** The version of this program, for people. */
  readonly program: string;
  readonly takenAt: string;
  readonly files: readonly Omit<CopyFile, 'kind'>[];
}

/** The lines of a copy, without their line ends, and then how much it was. */
export async function* writeCopy({
  source,
  files,
  ...about
}: WriteCopyOptions): AsyncGenerator<string, CopyCounts> {
  yield JSON.stringify(await headOf(source, about));
  let [tables, rows] = [0, 0];
  for (const shape of await tableShapes(source, source.engine)) {
    yield mark({ kind: 'table', ...shape, columns: [...shape.columns], key: [...shape.key] });
    const sum = createHash('sha256');
    let count = 0;
    for await (const line of rowLines(source, shape)) {
      sum.update(line).update('\n');
      count += 1;
      yield line;
    }
    yield mark({ kind: 'table-end', name: shape.name, rows: count, sha256: sum.digest('hex') });
    tables += 1;
    rows += count;
  }
  for (const file of files) yield mark({ kind: 'file', ...file });
  yield mark({ kind: 'end', tables, rows });
  return { tables, rows };
}

const mark = (value: CopyMark): string => JSON.stringify(value);

/** What the ends of tables would say, for comparing a copy with what it was made from. */
export async function tableEnds(source: Source): Promise<CopyTableEnd[]> {
  const ends: CopyTableEnd[] = [];
  for (const shape of await tableShapes(source, source.engine)) {
    const sum = createHash('sha256');
    let rows = 0;
    for await (const line of rowLines(source, shape)) {
      sum.update(line).update('\n');
      rows += 1;
    }
    ends.push({ kind: 'table-end', name: shape.name, rows, sha256: sum.digest('hex') });
  }
  return ends;
}

async function headOf(
  source: Source,
  { program, takenAt }: Pick<WriteCopyOptions, 'program' | 'takenAt'>,
): Promise<CopyHead> {
  const { id, epoch, restored, settled } = await readMeta(source);
  const migrations = await source
    .as<{ store_migration: CopyHead['migrations'][number] }>()
    .selectFrom('store_migration')
    .selectAll()
    .orderBy('owner')
    .orderBy('id')
    .execute();
  return {
    kind: 'store',
    format: COPY_FORMAT,
    id: id ?? '',
    epoch: Number(epoch ?? 1),
    meta: {
      ...(restored === undefined ? {} : { restored }),
      ...(settled === undefined ? {} : { settled }),
    },
    takenAt,
    engine: source.engine,
    program,
    migrations: migrations.map(({ owner, id: change, at }) => ({ owner, id: change, at })),
  };
}

type Row = Readonly<Record<string, string | number | Uint8Array | null>>;

async function* rowLines(source: Source, shape: TableShape): AsyncGenerator<string> {
  const db = source.as<unknown>();
  const columns = sql.join(shape.columns.map(({ name }) => sql.ref(name)));
  const key = sql.join(shape.key.map((name) => sql.ref(name)));
  let limit = PAGE_ROWS.first;
  let after: RawBuilder<unknown> = sql``;
  for (;;) {
    const page = sql<Row>`SELECT ${columns} FROM ${sql.table(shape.name)} ${after} ORDER BY ${key} LIMIT ${limit}`;
    const { rows } = await page.execute(db);
    let bytes = 0;
    for (const row of rows) {
      const line = lineOf(row, shape);
      bytes += line.length;
      yield line;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    after = sql`WHERE (${key}) > (${sql.join(shape.key.map((name) => last[name]))})`;
    limit = Math.max(1, Math.min(PAGE_ROWS.max, Math.floor((PAGE_BYTES * rows.length) / Math.max(1, bytes))));
  }
}

const lineOf = (row: Row, shape: TableShape): string =>
  JSON.stringify(
    shape.columns.map(({ name }) => {
      const value = row[name] ?? null;
      if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
      // An older program kept on one engine what the other cannot.
      return typeof value === 'string' ? storableText(value) : value;
    }),
  );
