/** The trees of contract's `plan-digest.ts`, for ten thousand leaves while sessions wait: the runtime's own SHA-256 and hex. */
import { hash } from 'node:crypto';
import { type Digest, type MerkleTree, treeOver } from '@pilothouse/contract';

const NODE = Buffer.of(1);

export const treeOverTexts = (leaves: readonly string[]): MerkleTree =>
  treeOver(
    leaves.map((text) => hash('sha256', `\0${text}`, 'buffer')),
    (left, right) => hash('sha256', Buffer.concat([NODE, left, right]), 'buffer'),
  );

/** Contract's `proofOf`. */
export function fastProof({ levels }: MerkleTree, index: number): Digest[] {
  const proof: Digest[] = [];
  for (let depth = 0; depth < levels.length - 1; depth++) {
    const sibling = levels[depth]?.[(index >> depth) ^ 1];
    if (sibling !== undefined) proof.push(hexOf(sibling));
  }
  return proof;
}

const hexOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Digest =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');
