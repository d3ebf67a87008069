import { MINUTE_MS } from '@pilothouse/base';
import {
  type AuditCheckpoint,
  type AuditRecord,
  CHECKPOINT_TAG,
  checkpointText,
  type Page,
  toTimestamp,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { Signer } from '../enrolment/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { cutPage, heldCount, readCursor } from '../page-cursor.ts';
import type { Reconciler } from '../plugins/index.ts';
import { linkRecord } from './link-record.ts';
import type { AuditService, AuditTrail, NewAuditRecord } from './service.ts';
import {
  insertCheckpoint,
  insertRecords,
  readHead,
  readLatestCheckpoint,
  readNewest,
  readOldest,
} from './store.ts';

/** What a busy quarter of an hour makes; a checkpoint costs one signature and a row. */
const CHECKPOINT_EVERY = 1_000;
/** The end of the chain is unsigned for at most this long. */
const CHECKPOINT_INTERVAL_MS = 5 * MINUTE_MS;
const EXPORTED_AT_ONCE = 500;

export interface AuditDeps {
  readonly signer: Pick<Signer, 'sign'>;
}

export interface AuditRoom {
  readonly audit: AuditTrail;
  readonly reconcilers: readonly Reconciler[];
}

/** Opens the chain where it ended. The mechanism is told at the head of the contract's audit-chain.ts. */
export async function createAudit(context: KernelContext, deps: AuditDeps): Promise<AuditRoom> {
  const { store, clock, log } = context;
  let latest = await readLatestCheckpoint(store);
  let isSigning = false;

  const checkpointNow = async (): Promise<AuditCheckpoint> => {
    const made = await store.transaction((transaction) => signHead(transaction, deps.signer, clock.now()));
    latest = made;
    return made;
  };
  const signSoon = (): void => {
    if (isSigning) return;
    isSigning = true;
    checkpointNow()
      .catch((cause: unknown) => log.error('sign an audit checkpoint', { cause }))
      .finally(() => {
        isSigning = false;
      });
  };
  const append: AuditService['append'] = async (transaction, records) => {
    const last = await appendRecords(transaction, records, clock.now());
    if (last - (latest?.sequence ?? 0) >= CHECKPOINT_EVERY) transaction.afterCommit(signSoon);
  };
  const audit: AuditTrail = {
    append,
    list: (query) => listRecords(context, query),
    checkpointNow,
    get latestCheckpoint() {
      return latest;
    },
    export: (query) => exportRecords(context, query),
  };
  const reconcilers: Reconciler[] = [
    {
      name: 'audit.checkpoint',
      intervalMs: CHECKPOINT_INTERVAL_MS,
      run: async () => {
        await checkpointNow();
      },
    },
  ];
  return { audit, reconcilers };
}

/** The sequence of the last record. */
async function appendRecords(
  transaction: Transaction,
  records: readonly NewAuditRecord[],
  nowMs: number,
): Promise<number> {
  let head = await readHead(transaction);
  const linked: AuditRecord[] = [];
  for (const record of records) {
    const next = linkRecord(head, record, toTimestamp(nowMs));
    linked.push(next);
    head = next;
  }
  await insertRecords(transaction, linked);
  return head.sequence;
}

/** In a transaction, so that no record comes between the look at the end and the checkpoint over it. */
async function signHead(
  transaction: Transaction,
  signer: AuditDeps['signer'],
  nowMs: number,
): Promise<AuditCheckpoint> {
  const head = await readHead(transaction);
  const before = await readLatestCheckpoint(transaction);
  if (before !== null && before.sequence === head.sequence) return before;
  // The key's name is part of what is signed, so the signer is asked once for its name and once for its signature.
  const { keyId } = signer.sign(CHECKPOINT_TAG, '');
  const unsigned = { sequence: head.sequence, hash: head.hash, at: toTimestamp(nowMs), keyId };
  const signed = signer.sign(CHECKPOINT_TAG, checkpointText(unsigned));
  if (signed.keyId !== keyId) throw new Error('the signing key changed while a checkpoint was signed');
  const checkpoint = { ...unsigned, signature: signed.value };
  await insertCheckpoint(transaction, checkpoint);
  return checkpoint;
}

type ListQuery = Parameters<AuditService['list']>[0];

async function listRecords({ store }: KernelContext, query: ListQuery): Promise<Page<AuditRecord>> {
  const before = readCursor(query.cursor, heldCount);
  const found = await readNewest(store, query, { before, limit: query.limit + 1 });
  return cutPage(found, query.limit, ({ sequence }) => String(sequence));
}

async function* exportRecords(
  { store }: KernelContext,
  query: Parameters<AuditTrail['export']>[0],
): AsyncGenerator<AuditRecord> {
  let after = query.after;
  for (;;) {
    const records = await readOldest(store, query, { after, limit: EXPORTED_AT_ONCE });
    yield* records;
    const last = records.at(-1);
    if (last === undefined || records.length < EXPORTED_AT_ONCE) return;
    after = last.sequence;
  }
}
