import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import type { Digest } from './scalars.ts';

/** RFC 8785 canonical JSON. Throws on what JSON cannot say (undefined at the top, cycles, NaN). */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('value has no JSON form');
  return text;
}

export const digestOfBytes = (bytes: Uint8Array): Digest => bytesToHex(sha256(bytes));
export const digestOfText = (text: string): Digest => digestOfBytes(utf8ToBytes(text));
export const digestOfJson = (value: unknown): Digest => digestOfText(canonicalJson(value));
