import type { AuditCheckpoint, EnvelopeKey } from '@pilothouse/contract';
import { openStoreReader, type StoreLocation, type StoreReader } from '@pilothouse/store';
import { type AuditRow, readCheckpoints, readRows } from './store.ts';
import { type AuditReport, verifyChain } from './verify-chain.ts';

const READ_AT_ONCE = 1_000;

export interface AuditStoreEvidence {
  readonly store: StoreLocation;
  readonly witness?: readonly AuditCheckpoint[];
  /** Envelope keys of the trust bundles that the caller has reason to trust, retired ones among them. */
  readonly publicKeys: readonly EnvelopeKey[];
}

/**
 * Reads the store itself, without the server and without writing: also of a running server, also of a copy.
 * AppError STORE_CORRUPT, STORE_UNREADABLE, STORE_UNREACHABLE.
 */
export async function verifyAuditStore(evidence: AuditStoreEvidence): Promise<AuditReport> {
  const reader = await openStoreReader(evidence.store);
  try {
    // Before the records: a running server may sign more while they are read, never unsign.
    const { checkpoints, malformedAt } = await readCheckpoints(reader);
    if (malformedAt !== null) return { kind: 'broken', sequence: malformedAt, problem: 'checkpoint-forged' };
    return await verifyChain({
      checkpoints,
      rows: rowsOf(reader),
      witness: evidence.witness ?? [],
      publicKeys: evidence.publicKeys,
    });
  } finally {
    await reader.close();
  }
}

async function* rowsOf(reader: StoreReader): AsyncGenerator<AuditRow> {
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const rows = await readRows(reader, {}, { after, limit: READ_AT_ONCE });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < READ_AT_ONCE) return;
    after = last.sequence;
  }
}
