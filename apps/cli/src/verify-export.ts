/**
 * Verifies the audit chain as the API exports it, on the reader's own computer.
 *
 * Each record must carry the hash of the one before and its own hash over all its other fields; the chain must agree with
 * what this computer saw earlier (its witness). So the server that wrote the records is not asked whether they are right.
 * It does not read the store file: that is `pilothouse-server audit verify`, for whoever has the file.
 */
import {
  type AuditCheckpoint,
  type AuditProblem,
  AuditRecord,
  type Digest,
  digestOfJson,
} from '@pilothouse/contract';

const GENESIS: Digest = '0'.repeat(64);

export type ExportReport =
  | {
      readonly kind: 'intact';
      readonly records: number;
      readonly hash: Digest;
      readonly provedThrough: number;
    }
  | { readonly kind: 'broken'; readonly sequence: number; readonly problem: AuditProblem };

/** Reads the export once, in order, and stops at the first fault. Never throws on what it reads. */
export async function verifyExport(
  lines: AsyncIterable<unknown>,
  witness: readonly AuditCheckpoint[],
): Promise<ExportReport> {
  const kept = Map.groupBy(witness, (checkpoint) => checkpoint.sequence);
  let sequence = 0;
  let hash = GENESIS;
  for await (const line of lines) {
    const parsed = AuditRecord.safeParse(line);
    if (!parsed.success) return { kind: 'broken', sequence: sequence + 1, problem: 'malformed' };
    const { hash: own, ...rest } = parsed.data;
    if (rest.sequence !== sequence + 1) return { kind: 'broken', sequence: sequence + 1, problem: 'missing' };
    sequence = rest.sequence;
    if (digestOfJson(rest) !== own) return { kind: 'broken', sequence, problem: 'edited' };
    if (rest.previous !== hash) return { kind: 'broken', sequence, problem: 'unlinked' };
    hash = own;
    if (kept.get(sequence)?.some((checkpoint) => checkpoint.hash !== hash) === true) {
      return { kind: 'broken', sequence, problem: 'rewritten' };
    }
  }
  const provedThrough = Math.max(0, ...witness.map((checkpoint) => checkpoint.sequence));
  if (provedThrough > sequence) return { kind: 'broken', sequence: sequence + 1, problem: 'cut' };
  return { kind: 'intact', records: sequence, hash, provedThrough };
}
