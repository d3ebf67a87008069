import { verify } from 'node:crypto';
import { type Operator, type Signature, type SignaturesWanted, toTimestamp } from '@pilothouse/contract';
import { publicKeyOf } from '../tasks/verify-envelope.ts';
import { wantedOf } from './trust-policy-file.ts';

export interface Signers {
  /** Keys that count, each of another person. */
  readonly keys: readonly string[];
  readonly people: readonly Operator[];
  /** Why the others do not, for a person. */
  readonly problems: readonly string[];
}

/** Whose signatures over tag and text are good at `nowMs`. Two keys of one person count once. Never throws. */
export function countSigners(
  operators: readonly Operator[],
  signed: { readonly tag: string; readonly text: string; readonly signatures: readonly Signature[] },
  nowMs: number,
): Signers {
  const bytes = Buffer.from(signed.tag + signed.text);
  const people = new Map<string, Operator>();
  const problems: string[] = [];
  for (const { keyId, value } of signed.signatures) {
    const operator = operators.find((known) => known.keyId === keyId);
    if (operator === undefined) problems.push(`${keyId.slice(0, 16)} is not known here`);
    else if (Date.parse(operator.notAfter) <= nowMs)
      problems.push(`${keyId} (${operator.name}) expired ${toTimestamp(Date.parse(operator.notAfter))}`);
    else if (!isSignature(operator.publicKey, bytes, value))
      problems.push(`${keyId} (${operator.name}) signed something else`);
    else people.set(operator.name, people.get(operator.name) ?? operator);
  }
  const counted = [...people.values()];
  return { keys: counted.map(({ keyId }) => keyId), people: counted, problems };
}

function isSignature(publicKey: string, bytes: Buffer, value: string): boolean {
  const signature = Buffer.from(value, 'base64');
  return signature.toString('base64') === value && verify(null, bytes, publicKeyOf(publicKey), signature);
}

export function isEnough(wanted: SignaturesWanted, { people }: Pick<Signers, 'people'>): boolean {
  const { count, ofGroups } = wantedOf(wanted);
  if (people.length < count) return false;
  return Object.entries(ofGroups).every(
    ([group, least]) => people.filter(({ groups }) => groups?.includes(group)).length >= least,
  );
}

/** `2 signatures, 1 of dba`: for a person. */
export function describeWanted(wanted: SignaturesWanted): string {
  const { count, ofGroups } = wantedOf(wanted);
  const parts = Object.entries(ofGroups).map(([group, least]) => `${least} of ${group}`);
  return [count === 1 ? '1 signature' : `${count} signatures`, ...parts].join(', ');
}
