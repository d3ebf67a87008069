/**
 * How a plan gets its name, and how a host checks its own share of it.
 *
 * Problem: people sign one plan for ten thousand hosts; each host must be able to prove that what it was sent is part of
 * exactly that plan without seeing the other 9,999 steps.
 *
 * Rule: leaves are SHA-256(0x00 ‖ canonical JSON of the step) in order of host id; inner nodes SHA-256(0x01 ‖ left ‖
 * right), an odd node moves up unchanged (RFC 6962's tree without its reordering); the plan's digest is SHA-256 over a
 * domain tag and the canonical JSON (RFC 8785) of the header, which holds the root. The prefixes keep a leaf from being
 * passed off as an inner node, the tag keeps a header from being passed off as anything else.
 *
 * Limits: the proof is ceil(log2 n) hashes; a step is at most PARAMETERS_BYTES_MAX for each action.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from './canonical-json.ts';
import type { PlanHeader, Step } from './plan.ts';
import type { Digest } from './scalars.ts';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const PLAN_TAG = utf8ToBytes('pilothouse.plan.v1\n');

export const planDigest = (header: PlanHeader): Digest =>
  bytesToHex(sha256(concatBytes(PLAN_TAG, utf8ToBytes(canonicalJson(header)))));

/** The hash of a leaf with this text. */
export const hashLeaf = (text: string): Uint8Array => sha256(concatBytes(LEAF, utf8ToBytes(text)));
const nodeOf = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(concatBytes(NODE, left, right));

/** All levels of the tree, leaves first. */
export interface MerkleTree {
  readonly levels: readonly (readonly Uint8Array[])[];
}

/** The tree of leaves with these texts; there is at least one. */
export const treeOfTexts = (texts: readonly string[]): MerkleTree => treeOver(texts.map(hashLeaf), nodeOf);

/** Steps must be in order of host id and not empty. */
export const buildTree = (steps: readonly Step[]): MerkleTree =>
  treeOfTexts(steps.map((step) => canonicalJson(step)));

/** The tree over hashes of leaves, for who has a faster SHA-256 at hand; `above` hashes an inner node as told above. */
export function treeOver(
  leaves: readonly Uint8Array[],
  above: (left: Uint8Array, right: Uint8Array) => Uint8Array,
): MerkleTree {
  if (leaves.length === 0) throw new RangeError('a plan has at least one step');
  let level = leaves;
  const levels = [level];
  while (level.length > 1) {
    const parents: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i];
      const right = level[i + 1];
      if (left !== undefined) parents.push(right === undefined ? left : above(left, right));
    }
    level = parents;
    levels.push(level);
  }
  return { levels };
}

export function rootOf(tree: MerkleTree): Digest {
  const root = tree.levels.at(-1)?.[0];
  if (root === undefined) throw new RangeError('empty tree');
  return bytesToHex(root);
}

/** The sibling hashes from leaf to root; a missing sibling (odd node) is left out. */
export function proofOf(tree: MerkleTree, index: number): Digest[] {
  const proof: Digest[] = [];
  let position = index;
  for (const level of tree.levels.slice(0, -1)) {
    const sibling = level[position ^ 1];
    if (sibling !== undefined) proof.push(bytesToHex(sibling));
    position >>= 1;
  }
  return proof;
}

/** Where a leaf stands in a tree, and what leads from it to the root. */
export interface LeafPlace {
  readonly index: number;
  readonly count: number;
  readonly proof: readonly Digest[];
}

/** The root of the tree in which this leaf has this place; null when there is no such tree. Never throws on digests. */
export function rootAbove(leaf: Uint8Array, { index, count, proof }: LeafPlace): Digest | null {
  if (!Number.isInteger(index) || index < 0 || index >= count) return null;
  let hash = leaf;
  let position = index;
  let width = count;
  let used = 0;
  while (width > 1) {
    const hasSibling = (position ^ 1) < width;
    if (hasSibling) {
      const sibling = proof[used];
      if (sibling === undefined) return null;
      used += 1;
      const bytes = hexToBytes(sibling);
      hash = position % 2 === 0 ? nodeOf(hash, bytes) : nodeOf(bytes, hash);
    }
    position >>= 1;
    width = Math.ceil(width / 2);
  }
  return used === proof.length ? bytesToHex(hash) : null;
}

/** True when `step` is leaf `index` of the tree of `count` leaves with this root. Never throws on hostile input. */
export const verifyStep = ({ step, root, ...place }: LeafPlace & { step: Step; root: Digest }): boolean =>
  rootAbove(hashLeaf(canonicalJson(step)), place) === root;
