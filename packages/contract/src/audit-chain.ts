/**
 * The audit chain.
 *
 * Problem: whoever can write the store file, its administrator included, must not be able to change what people answer for
 * without being found out.
 *
 * Rule: each record carries the hash of the one before and its own hash over the canonical JSON (RFC 8785) of all its other
 * fields; the first follows GENESIS. So changing, removing or moving a record breaks the chain there, or forces all later
 * records to be written anew. Every CHECKPOINT_EVERY records and every few minutes the server signs "after record n the hash
 * was h"; witnesses (agents, people) keep such checkpoints elsewhere, which catches an end that was cut off and a chain
 * that was written anew.
 *
 * Limits: what came after the newest checkpoint that a witness holds can be cut off unseen; whoever holds the server's
 * signing key can write a new chain that only a witness contradicts.
 */
import type { AuditProblem } from './api/audit.ts';
import type { AuditCheckpoint, AuditRecord } from './audit.ts';
import { canonicalJson, digestOfJson } from './canonical-json.ts';
import type { Digest } from './scalars.ts';

const GENESIS: Digest = '0'.repeat(64);

/** The end of a chain: the next record is `sequence` + 1 and follows `hash`. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: Digest;
}

export const EMPTY_CHAIN: ChainHead = { sequence: 0, hash: GENESIS };

export const hashOfRecord = ({ hash: _hash, ...unhashed }: AuditRecord): Digest => digestOfJson(unhashed);

/** What is wrong with a record that is said to be the next one after `head`; null when it is. */
export function linkProblem(head: ChainHead, record: AuditRecord): AuditProblem | null {
  if (record.sequence !== head.sequence + 1) return 'missing';
  if (hashOfRecord(record) !== record.hash) return 'edited';
  return record.previous === head.hash ? null : 'unlinked';
}

/** What a checkpoint's signature is over, after CHECKPOINT_TAG. */
export function checkpointText(checkpoint: Omit<AuditCheckpoint, 'signature'>): string {
  const { sequence, hash, at, keyId } = checkpoint;
  return canonicalJson({ sequence, hash, at, keyId });
}
