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
  EMPTY_CHAIN,
  linkProblem,
} from '@pilothouse/contract';

export type ExportReport =
  | {
      readonly kind: 'intact';
      readonly records: number;
      readonly hash: Digest;
      readonly provedThrough: number;
    }
  | { readonly kind: 'broken'; readonly sequence: number; readonly problem: AuditProblem };

/** Reads the export once, in order, and stops at the first fault. Never throws on what it reads, lines without JSON included. */
export async function verifyExport(
  lines: AsyncIterable<unknown>,
  witness: readonly AuditCheckpoint[],
): Promise<ExportReport> {
  const kept = Map.groupBy(witness, (checkpoint) => checkpoint.sequence);
  let head = EMPTY_CHAIN;
  try {
    for await (const line of lines) {
      const { success, data: record } = AuditRecord.safeParse(line);
      if (!success) return broken(head.sequence + 1, 'malformed');
      const problem = linkProblem(head, record);
      if (problem !== null) return broken(head.sequence + 1, problem);
      head = { sequence: record.sequence, hash: record.hash };
      if (kept.get(head.sequence)?.some((checkpoint) => checkpoint.hash !== record.hash) === true)
        return broken(head.sequence, 'rewritten');
    }
  } catch (error) {
    // A line that is no JSON; a connection that breaks is another matter.
    if (error instanceof SyntaxError) return broken(head.sequence + 1, 'malformed');
    throw error;
  }
  const provedThrough = Math.max(0, ...witness.map((checkpoint) => checkpoint.sequence));
  if (provedThrough > head.sequence) return broken(head.sequence + 1, 'cut');
  return { kind: 'intact', records: head.sequence, hash: head.hash, provedThrough };
}

const broken = (sequence: number, problem: AuditProblem): ExportReport => ({
  kind: 'broken',
  sequence,
  problem,
});
