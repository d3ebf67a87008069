/** How a new record is written so that it extends the chain (the rule is in the contract's audit-chain.ts). */
import {
  type AuditRecord,
  type ChainHead,
  canonicalJson,
  digestOfJson,
  digestOfText,
  JsonObject,
  type Timestamp,
} from '@pilothouse/contract';
import { storableText } from '@pilothouse/store';
import type { NewAuditRecord } from './service.ts';

/** Details beyond this are named by digest and size instead: the chain is read as a whole. */
const DETAILS_CHARS_MAX = 65_536;
const SUBJECT_CHARS_MAX = 300;

export function linkRecord(head: ChainHead, record: NewAuditRecord, at: Timestamp): AuditRecord {
  const { actor, action, subject, requestId } = record;
  const unhashed = {
    sequence: head.sequence + 1,
    at,
    actor: { kind: actor.kind, id: storableText(actor.id), name: storableText(actor.name) },
    action: storableText(action),
    subject: storableText(subject).slice(0, SUBJECT_CHARS_MAX).toWellFormed(),
    details: storableDetails(record.details),
    requestId: requestId === null ? null : storableText(requestId),
    previous: head.hash,
  };
  return { ...unhashed, hash: digestOfJson(unhashed) };
}

function storableDetails(details: JsonObject): JsonObject {
  const plain: unknown = JSON.parse(JSON.stringify(details), (_, value: unknown) => storableValue(value));
  const text = canonicalJson(plain);
  if (text.length <= DETAILS_CHARS_MAX) return JsonObject.parse(plain);
  return { isTooLarge: true, digest: digestOfText(text), sizeChars: text.length };
}

function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [storableText(key), inner as unknown]),
  );
}
