import { verify } from 'node:crypto';
import {
  joinMessages,
  type Message,
  type Operator,
  type Signature,
  type SignaturesWanted,
  toTimestamp,
} from '@pilothouse/contract';
import { publicKeyOf } from '../tasks/verify-envelope.ts';
import { wantedOf } from './trust-policy-file.ts';

export interface Signers {
  /** Keys that count, each of another person. */
  readonly keys: readonly string[];
  readonly people: readonly Operator[];
  /** Why the others do not, for a person. */
  readonly problems: readonly Message[];
}

/** Whose signatures over tag and text are good at `nowMs`. Two keys of one person count once. Never throws. */
export function countSigners(
  operators: readonly Operator[],
  signed: { readonly tag: string; readonly text: string; readonly signatures: readonly Signature[] },
  nowMs: number,
): Signers {
  const bytes = Buffer.from(signed.tag + signed.text);
  const people = new Map<string, Operator>();
  const problems: Message[] = [];
  for (const { keyId, value } of signed.signatures) {
    const operator = operators.find((known) => known.keyId === keyId);
    if (operator === undefined) {
      const id = keyId.slice(0, 16);
      problems.push({ en: `${id} is not known here`, zh: `本机不认识 ${id}` });
      continue;
    }
    const key = `${keyId} (${operator.name})`;
    if (Date.parse(operator.notAfter) <= nowMs) {
      const at = toTimestamp(Date.parse(operator.notAfter));
      problems.push({ en: `${key} expired ${at}`, zh: `${key} 已于 ${at} 过期` });
    } else if (!isSignature(operator.publicKey, bytes, value))
      problems.push({ en: `${key} signed something else`, zh: `${key} 签的是其他内容` });
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
export function describeWanted(wanted: SignaturesWanted): Message {
  const { count, ofGroups } = wantedOf(wanted);
  const parts = Object.entries(ofGroups).map(
    ([group, least]): Message => ({ en: `${least} of ${group}`, zh: `其中 ${group} ${least} 个` }),
  );
  const all = { en: `${count} signature${count === 1 ? '' : 's'}`, zh: `${count} 个签名` };
  return joinMessages([all, ...parts], { en: ', ', zh: '，' });
}

/** Why signatures do not count, in one text. */
export const describeProblems = ({ problems }: Pick<Signers, 'problems'>): Message =>
  joinMessages(problems, { en: '; ', zh: '；' });
