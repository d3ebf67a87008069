/** The trees of contract's `plan-digest.ts`, for ten thousand leaves while sessions wait: the runtime's own SHA-256 and hex. */
import { hash } from 'node:crypto';
import { type Digest, type MerkleTree, treeOver } from '@pilothouse/contract';

const NODE = Buffer.of(1);
/** Leaves of one turn of the event loop, some five milliseconds: a power of two, so that a slice is a subtree. */
const SLICE_DEPTH = 10;
const SLICE = 2 ** SLICE_DEPTH;

const nodeOf = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');

export const treeOverTexts = (leaves: readonly string[]): MerkleTree =>
  treeOver(
    leaves.map((text) => hash('sha256', `\0${text}`, 'buffer')),
    nodeOf,
  );

/** The same tree, made in as many turns as it takes. */
export async function treeInSlices(leaves: readonly string[]): Promise<MerkleTree> {
  const slices = [treeOverTexts(leaves.slice(0, SLICE))];
  for (let from = SLICE; from < leaves.length; from += SLICE) {
    await new Promise((resolve) => setImmediate(resolve));
    slices.push(treeOverTexts(leaves.slice(from, from + SLICE)));
  }
  const [only] = slices;
  if (slices.length === 1 && only !== undefined) return only;
  // A last slice that is not full has fewer levels: its root has no sibling and goes up as it is.
  const levelOf = (depth: number) => slices.flatMap(({ levels }) => levels[depth] ?? levels.at(-1) ?? []);
  const { levels } = treeOver(levelOf(SLICE_DEPTH), nodeOf);
  return { levels: [...Array.from({ length: SLICE_DEPTH }, (_, depth) => levelOf(depth)), ...levels] };
}

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
