/**
 * A store as lines of text that mean the same on every engine.
 *
 * Problem: an installation moves from one engine to another, and a backup must be restorable years later, by a newer
 * program, on either engine. The engines' own formats serve neither.
 *
 * Rule: a first line says which store it is and which changes its tables have seen; then, table by table in the order of
 * names and row by row in the order of primary keys, one line each; then files that belong to it; then a last line. After
 * each table stand the count of its rows and the SHA-256 of their lines. The same content gives the same lines on both
 * engines, so a copy is checked by copying the copy.
 *
 * Limits: tables need a primary key and columns of text, integers or bytes; a line is at most LINE_CHARS_MAX long.
 */
import { z } from 'zod';

export const COPY_FORMAT = 1;
/** The longest value is a fact's body or an output, of some megabytes. */
export const LINE_CHARS_MAX = 256 * 1024 * 1024;

const Name = z.string().regex(/^[a-z][a-z0-9_]*$/);
const Count = z.number().int().nonnegative();

export const CopyHead = z.object({
  kind: z.literal('store'),
  format: z.literal(COPY_FORMAT),
  id: z.string(),
  epoch: z.number().int().positive(),
  /** See MetaName. */
  meta: z.object({ restored: z.string().optional(), settled: z.string().optional() }),
  takenAt: z.string(),
  engine: z.enum(['sqlite', 'postgres']),
  program: z.string(),
  migrations: z.array(z.object({ owner: z.string(), id: z.string(), at: z.number() })),
});
export type CopyHead = z.infer<typeof CopyHead>;

const CopyTable = z.object({
  kind: z.literal('table'),
  name: Name,
  columns: z.array(z.object({ name: Name, kind: z.enum(['text', 'integer', 'bytes']) })).min(1),
  key: z.array(Name).min(1),
});

export const CopyTableEnd = z.object({
  kind: z.literal('table-end'),
  name: Name,
  rows: Count,
  sha256: z.string(),
});
export type CopyTableEnd = z.infer<typeof CopyTableEnd>;

/** A file of the data directory that the store cannot be used without: a private key. */
export const CopyFile = z.object({
  kind: z.literal('file'),
  path: z.string().regex(/^[a-z0-9][\w.-]*(\/[a-z0-9][\w.-]*)*$/i),
  base64: z.string(),
});
export type CopyFile = z.infer<typeof CopyFile>;

const CopyEnd = z.object({ kind: z.literal('end'), tables: Count, rows: Count });

export const CopyRow = z.array(z.union([z.string(), z.number(), z.null()]));
export type CopyRow = z.infer<typeof CopyRow>;

export const CopyMark = z.discriminatedUnion('kind', [CopyHead, CopyTable, CopyTableEnd, CopyFile, CopyEnd]);
export type CopyMark = z.infer<typeof CopyMark>;

/** What a copy holds, told to people. */
export interface CopySummary {
  readonly head: CopyHead;
  readonly tables: number;
  readonly rows: number;
}
