import { createHash, type Hash, randomUUID } from 'node:crypto';
import { AppError, type Message } from '@pilothouse/contract';
import { migrate } from '../migrate.ts';
import { rowChunks } from '../row-chunks.ts';
import { storableText } from '../storable-text.ts';
import type { MigrationSet, Store, Transaction } from '../store.ts';
import { writeMeta } from '../store-meta.ts';
import { clearStore } from './clear-store.ts';
import { migrationsOf } from './copied-migrations.ts';
import {
  type CopyFile,
  type CopyHead,
  CopyHead as CopyHeadSchema,
  CopyMark,
  CopyRow,
  type CopySummary,
} from './copy-lines.ts';
import { type TableShape, tableShapes } from './table-shape.ts';
import { tableEnds } from './write-copy.ts';

/** Rows that are held before they are written. */
const ROWS_HELD_MAX = 1_000;
const CHARS_HELD_MAX = 4 * 1024 * 1024;

export interface ReadCopyOptions {
  readonly target: Store;
  readonly lines: AsyncIterable<string>;
  /** Where the lines come from, for error texts. */
  readonly path: string;
  /** All that this program knows; the copy's tables are made by those that it has seen. */
  readonly sets: readonly MigrationSet[];
  /** May what is in the target go? Asked once the copy's first line is known. */
  readonly mayReplace: (head: CopyHead, target: Pick<Transaction, 'as'>) => Promise<boolean>;
  /** Of the target from now on. */
  readonly epochOf: (head: CopyHead) => number;
  /** What the next server that opens it is told; null when nobody need know. */
  readonly restoredOf: (head: CopyHead) => string | null;
  /** Called once all is proved, before it is kept. */
  readonly takeFiles: (files: readonly CopyFile[]) => void;
}

/**
 * Puts a copy into a store, checked line by line and table by table, in one transaction: all of it or nothing. AppError
 * STORE_COPY_DAMAGED, STORE_COPY_DIFFERS, STORE_NOT_EMPTY, STORE_NEWER, STORE_OWNER_UNKNOWN.
 */
export function readCopy(options: ReadCopyOptions): Promise<CopySummary> {
  return options.target.transaction((transaction) => new CopyReader(options, transaction).read());
}

/** Owns the state of one reading; ends with the transaction. */
class CopyReader {
  readonly #options: ReadCopyOptions;
  readonly #transaction: Transaction;
  readonly #files: CopyFile[] = [];
  readonly #ends = new Map<string, { readonly rows: number; readonly sha256: string }>();
  #shapes = new Map<string, TableShape>();
  #table: { readonly shape: TableShape; readonly sum: Hash; readonly kept: Hash; rows: number } | null = null;
  #held: Record<string, unknown>[] = [];
  #heldChars = 0;
  #isEnded = false;

  constructor(options: ReadCopyOptions, transaction: Transaction) {
    this.#options = options;
    this.#transaction = transaction;
  }

  async read(): Promise<CopySummary> {
    const lines = this.#options.lines[Symbol.asyncIterator]();
    const first = await lines.next();
    const head = this.#headOf(first.done === true ? '' : first.value);
    await this.#prepare(head);
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      if (this.#isEnded) throw this.#damaged({ en: 'it goes on after its end', zh: '结尾之后仍有内容' });
      if (line.value.startsWith('[')) await this.#row(line.value);
      else await this.#mark(line.value);
    }
    if (!this.#isEnded) throw this.#damaged({ en: 'its end is missing', zh: '缺少结尾' });
    await this.#compare();
    const rows = [...this.#ends.values()].reduce((sum, end) => sum + end.rows, 0);
    this.#options.takeFiles(this.#files);
    return { head, tables: this.#ends.size, rows };
  }

  #headOf(line: string): CopyHead {
    const parsed = CopyHeadSchema.safeParse(this.#parse(line));
    if (!parsed.success)
      throw this.#damaged({
        en: 'its first line is not that of a copy of a store',
        zh: '首行不是存储副本的首行',
      });
    return parsed.data;
  }

  /** Empties the target and makes the tables as they were where the copy was taken. */
  async #prepare(head: CopyHead): Promise<void> {
    const { target, sets, mayReplace, epochOf, restoredOf } = this.#options;
    const transaction = this.#transaction;
    const known = migrationsOf(sets, head.migrations);
    const epoch = epochOf(head);
    await clearStore(transaction, {
      engine: target.engine,
      prefixes: sets.map((set) => set.tablePrefix),
      mayReplace: () => mayReplace(head, transaction),
    });
    await migrate(transaction, known, { newId: () => head.id || randomUUID(), owner: '' });
    const db = transaction.as<{
      store_migration: CopyHead['migrations'][number];
      store_meta: { name: string };
    }>();
    await db.deleteFrom('store_meta').where('name', '=', 'owner').execute();
    for (const { owner, id, at } of head.migrations)
      await db
        .updateTable('store_migration')
        .set({ at })
        .where('owner', '=', owner)
        .where('id', '=', id)
        .execute();
    await writeMeta(transaction, 'epoch', String(epoch));
    const restored = restoredOf(head) ?? head.meta.restored;
    if (restored !== undefined) await writeMeta(transaction, 'restored', restored);
    if (head.meta.settled !== undefined) await writeMeta(transaction, 'settled', head.meta.settled);
    const shapes = await tableShapes(transaction, target.engine);
    // Rows that a change put there are in the copy, too, as they were later.
    for (const { name } of shapes) await transaction.as<Record<string, object>>().deleteFrom(name).execute();
    this.#shapes = new Map(shapes.map((shape) => [shape.name, shape]));
  }

  async #mark(line: string): Promise<void> {
    const parsed = CopyMark.safeParse(this.#parse(line));
    if (!parsed.success)
      throw this.#damaged({
        en: `it has a line that is none of a copy: ${line.slice(0, 80)}`,
        zh: `存在不属于副本的行：${line.slice(0, 80)}`,
      });
    const mark = parsed.data;
    switch (mark.kind) {
      case 'store':
        throw this.#damaged({ en: 'it begins twice', zh: '重复开始' });
      case 'table':
        return this.#begin(mark);
      case 'table-end':
        return this.#finish(mark);
      case 'file':
        this.#files.push(mark);
        return;
      case 'end':
        if (mark.tables !== this.#ends.size)
          throw this.#damaged({
            en: `of ${mark.tables} tables there are ${this.#ends.size}`,
            zh: `应有 ${mark.tables} 张表，实际 ${this.#ends.size} 张`,
          });
        this.#isEnded = true;
    }
  }

  #begin(found: TableShape): void {
    const shape = this.#shapes.get(found.name);
    if (this.#table !== null || this.#ends.has(found.name))
      throw this.#damaged({
        en: `table ${found.name} begins out of order`,
        zh: `表 ${found.name} 的开始次序不对`,
      });
    const isAlike = shape !== undefined && JSON.stringify(shape.columns) === JSON.stringify(found.columns);
    if (!isAlike)
      throw this.#damaged({
        en: `table ${found.name} has columns that its changes do not make`,
        zh: `表 ${found.name} 的列与其变更不符`,
      });
    this.#table = { shape, sum: createHash('sha256'), kept: createHash('sha256'), rows: 0 };
  }

  async #row(line: string): Promise<void> {
    const table = this.#table;
    const parsed = CopyRow.safeParse(this.#parse(line));
    if (table === null || !parsed.success || parsed.data.length !== table.shape.columns.length)
      throw this.#damaged({
        en: `it has a row out of place: ${line.slice(0, 80)}`,
        zh: `存在位置不对的行：${line.slice(0, 80)}`,
      });
    table.sum.update(line).update('\n');
    table.kept.update(keptLine(line, parsed.data)).update('\n');
    table.rows += 1;
    this.#held.push(this.#valuesOf(table.shape, parsed.data));
    this.#heldChars += line.length;
    if (this.#held.length >= ROWS_HELD_MAX || this.#heldChars >= CHARS_HELD_MAX)
      await this.#flush(table.shape);
  }

  #valuesOf(shape: TableShape, row: CopyRow): Record<string, unknown> {
    return Object.fromEntries(
      shape.columns.map(({ name, kind }, i) => {
        const value = row[i] ?? null;
        if (kind === 'bytes' && typeof value === 'string')
          return [name, new Uint8Array(Buffer.from(value, 'base64'))];
        return [name, value];
      }),
    );
  }

  async #flush({ name }: TableShape): Promise<void> {
    const db = this.#transaction.as<Record<string, Record<string, unknown>>>();
    for (const chunk of rowChunks(this.#held))
      await db
        .insertInto(name)
        .values([...chunk])
        .execute();
    this.#held = [];
    this.#heldChars = 0;
  }

  async #finish(end: {
    readonly name: string;
    readonly rows: number;
    readonly sha256: string;
  }): Promise<void> {
    const table = this.#table;
    if (table === null || table.shape.name !== end.name)
      throw this.#damaged({ en: `table ${end.name} ends out of order`, zh: `表 ${end.name} 的结束次序不对` });
    await this.#flush(table.shape);
    const isWhole = table.rows === end.rows && table.sum.digest('hex') === end.sha256;
    if (!isWhole)
      throw this.#damaged({
        en: `table ${end.name} is not what it was: ${table.rows} of ${end.rows} rows`,
        zh: `表 ${end.name} 与原来不同：${end.rows} 行中有 ${table.rows} 行`,
      });
    this.#ends.set(end.name, { rows: end.rows, sha256: table.kept.digest('hex') });
    this.#table = null;
  }

  /** Reads back what was written: the copy is believed when it gives the same lines. */
  async #compare(): Promise<void> {
    const { target } = this.#options;
    const source = { engine: target.engine, as: <Tables>() => this.#transaction.as<Tables>() };
    for (const found of await tableEnds(source)) {
      const meant = this.#ends.get(found.name) ?? { rows: 0, sha256: EMPTY };
      if (found.rows !== meant.rows || found.sha256 !== meant.sha256)
        throw new AppError('STORE_COPY_DIFFERS', { table: found.name, meant: meant.rows, found: found.rows });
    }
  }

  #parse(line: string): unknown {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new AppError(
        'STORE_COPY_DAMAGED',
        { path: this.#options.path, problem: { en: 'it has a line cut short', zh: '存在不完整的行' } },
        { cause },
      );
    }
  }

  #damaged(problem: Message): AppError {
    return new AppError('STORE_COPY_DAMAGED', { path: this.#options.path, problem });
  }
}

/** The line as it reads back: a copy that an older program took can hold texts that are stored otherwise now. */
const keptLine = (line: string, row: CopyRow): string =>
  /\\u(?:0000|d[89a-f])/.test(line)
    ? JSON.stringify(row.map((value) => (typeof value === 'string' ? storableText(value) : value)))
    : line;

const EMPTY = createHash('sha256').digest('hex');
