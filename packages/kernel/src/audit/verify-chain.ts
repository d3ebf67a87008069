import { createPublicKey, verify } from 'node:crypto';
import {
  type AuditCheckpoint,
  type AuditProblem,
  type AuditRecord,
  CHECKPOINT_TAG,
  type ChainHead,
  canonicalJson,
  checkpointText,
  EMPTY_CHAIN,
  type EnvelopeKey,
  linkProblem,
} from '@pilothouse/contract';
import { type AuditRow, recordOf } from './store.ts';

/** What a chain proved, or the first thing wrong with it. */
export type AuditReport =
  | {
      readonly kind: 'intact';
      readonly records: number;
      readonly head: ChainHead;
      /** proved: a witness saw the last record. unproved: records after `provedThrough` could have been cut off. */
      readonly tail: 'proved' | 'unproved';
      /** The newest record that a witness saw; 0 without one. */
      readonly provedThrough: number;
      /** The newest record under a checkpoint of the store itself whose signature was checked. */
      readonly signedThrough: number;
      /** Checkpoints whose key was not given, so that only their hash was compared. */
      readonly signaturesUnchecked: number;
    }
  | { readonly kind: 'broken'; readonly sequence: number; readonly problem: AuditProblem };

export interface ChainEvidence {
  /** In ascending order of sequence. */
  readonly rows: AsyncIterable<AuditRow> | Iterable<AuditRow>;
  /** Those that lie in the store beside the records. */
  readonly checkpoints: readonly AuditCheckpoint[];
  /** Those that somebody kept elsewhere. */
  readonly witness: readonly AuditCheckpoint[];
  readonly publicKeys: readonly EnvelopeKey[];
}

/** Goes through the chain once and stops at the first fault. Never throws on what it reads. */
export async function verifyChain(evidence: ChainEvidence): Promise<AuditReport> {
  const claims = createClaims(evidence);
  const early = claims.forged() ?? claims.at(EMPTY_CHAIN);
  if (early !== null) return early;
  let head = EMPTY_CHAIN;
  for await (const row of evidence.rows) {
    const problem = problemOf(row, head);
    if (problem !== null) return broken(problem === 'missing' ? head.sequence + 1 : row.sequence, problem);
    head = { sequence: row.sequence, hash: row.hash };
    const contradicted = claims.at(head);
    if (contradicted !== null) return contradicted;
  }
  if (claims.furthest > head.sequence) return broken(head.sequence + 1, 'cut');
  return {
    kind: 'intact',
    records: head.sequence,
    head,
    tail: claims.provedThrough === head.sequence && evidence.witness.length > 0 ? 'proved' : 'unproved',
    provedThrough: claims.provedThrough,
    signedThrough: claims.signedThrough,
    signaturesUnchecked: claims.signaturesUnchecked,
  };
}

const broken = (sequence: number, problem: AuditProblem): AuditReport & { kind: 'broken' } => ({
  kind: 'broken',
  sequence,
  problem,
});

function problemOf(row: AuditRow, head: ChainHead): AuditProblem | null {
  if (row.sequence !== head.sequence + 1) return 'missing';
  const record = parse(row);
  if (record === null) return 'malformed';
  return linkProblem(head, record);
}

function parse(row: AuditRow): AuditRecord | null {
  try {
    const record = recordOf(row);
    // The same value in other words would keep its hash; records are written in one form only.
    return canonicalJson(record.details) === row.details ? record : null;
  } catch {
    return null;
  }
}

/** Everything that somebody claims about the chain, by the record after which it is claimed. */
function createClaims({ checkpoints, witness, publicKeys }: ChainEvidence) {
  const keys = new Map(publicKeys.map((key) => [key.id, key]));
  const judge = (checkpoint: AuditCheckpoint): 'good' | 'forged' | 'unchecked' => {
    const key = keys.get(checkpoint.keyId);
    if (key === undefined) return 'unchecked';
    return isSignedBy(key, checkpoint) ? 'good' : 'forged';
  };
  const all = [...checkpoints, ...witness];
  const stored = bySequence(checkpoints);
  const kept = bySequence(witness);
  return {
    furthest: Math.max(0, ...all.map(({ sequence }) => sequence)),
    provedThrough: Math.max(0, ...witness.map(({ sequence }) => sequence)),
    signedThrough: Math.max(0, ...checkpoints.filter((each) => judge(each) === 'good').map(sequenceOf)),
    signaturesUnchecked: all.filter((each) => judge(each) === 'unchecked').length,
    forged(): AuditReport | null {
      const badWitness = witness.find((each) => judge(each) === 'forged');
      if (badWitness !== undefined) return broken(badWitness.sequence, 'witness-invalid');
      const bad = checkpoints.find((each) => judge(each) === 'forged');
      return bad === undefined ? null : broken(bad.sequence, 'checkpoint-forged');
    },
    at({ sequence, hash }: ChainHead): AuditReport | null {
      const differs = (each: AuditCheckpoint): boolean => each.hash !== hash;
      if (kept.get(sequence)?.some(differs)) return broken(sequence, 'rewritten');
      return stored.get(sequence)?.some(differs) ? broken(sequence, 'checkpoint-mismatch') : null;
    },
  };
}

const sequenceOf = ({ sequence }: AuditCheckpoint): number => sequence;

const bySequence = (checkpoints: readonly AuditCheckpoint[]): Map<number, AuditCheckpoint[]> =>
  Map.groupBy(checkpoints, sequenceOf);

function isSignedBy(key: EnvelopeKey, checkpoint: AuditCheckpoint): boolean {
  try {
    const x = Buffer.from(key.raw, 'base64').toString('base64url');
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const text = Buffer.from(CHECKPOINT_TAG + checkpointText(checkpoint));
    return verify(null, text, publicKey, Buffer.from(checkpoint.signature, 'base64'));
  } catch {
    // A key or signature that cannot be read proves nothing, which is what the answer says.
    return false;
  }
}
