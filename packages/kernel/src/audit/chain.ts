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
import {
  type AuditRecord,
  canonicalJson,
  type Digest,
  digestOfJson,
  digestOfText,
  JsonObject,
  type Timestamp,
} from '@pilothouse/contract';
import type { NewAuditRecord } from './service.ts';

export const GENESIS: Digest = '0'.repeat(64);

/** The end of a chain: the next record is `sequence` + 1 and follows `hash`. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: Digest;
}

export const EMPTY_CHAIN: ChainHead = { sequence: 0, hash: GENESIS };

/** Details beyond this are named by digest and size instead: the chain is read as a whole. */
const DETAILS_CHARS_MAX = 65_536;
const SUBJECT_CHARS_MAX = 300;

export function linkRecord(head: ChainHead, record: NewAuditRecord, at: Timestamp): AuditRecord {
  const { actor, action, subject, requestId } = record;
  const unhashed = {
    sequence: head.sequence + 1,
    at,
    actor: { kind: actor.kind, id: storable(actor.id), name: storable(actor.name) },
    action: storable(action),
    subject: storable(subject).slice(0, SUBJECT_CHARS_MAX).toWellFormed(),
    details: storableDetails(record.details),
    requestId: requestId === null ? null : storable(requestId),
    previous: head.hash,
  };
  return { ...unhashed, hash: digestOfJson(unhashed) };
}

export function hashOf(record: AuditRecord): Digest {
  const { hash: _, ...unhashed } = record;
  return digestOfJson(unhashed);
}

/** The chain hashes what a database gives back: half surrogates have no UTF-8, and NUL ends text in PostgreSQL. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\u{fffd}');

function storableDetails(details: JsonObject): JsonObject {
  const plain: unknown = JSON.parse(JSON.stringify(details), (_, value: unknown) => storableValue(value));
  const text = canonicalJson(plain);
  if (text.length <= DETAILS_CHARS_MAX) return JsonObject.parse(plain);
  return { isTooLarge: true, digest: digestOfText(text), sizeChars: text.length };
}

function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), inner as unknown]));
}
