/** Deeper than anything that is meant, and far from what code that follows a tree down can bear. */
export const JSON_DEPTH_MAX = 64;

/** Escapes in JSON, where two of one character stand together. */
const ESCAPES = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|[^])/g;
const HALF = /^\\u[dD][89a-fA-F]..$/;

/**
 * JSON in which half a character (`"\\ud800"` alone: JSON, but no Unicode) is U+FFFD. Whatever is signed or hashed refuses such
 * halves, so who must go on with what others said mends them at the edge.
 */
export function mendHalves(text: string): string {
  const mended = text.toWellFormed();
  if (!/\\u[dD][89a-fA-F]/.test(mended)) return mended;
  return mended.replace(ESCAPES, (escape) => (HALF.test(escape) ? '\\ufffd' : escape));
}

/**
 * JSON from outside. Throws a SyntaxError for what is none, for arrays and objects deeper than JSON_DEPTH_MAX, and for texts and
 * names with half a character.
 */
export function parseJson(text: string): unknown {
  if (mendHalves(text) !== text) throw new SyntaxError('half of a character');
  const value: unknown = JSON.parse(text);
  if (isTree(value) && isDeeperThan(value, JSON_DEPTH_MAX))
    throw new SyntaxError(`nested deeper than ${JSON_DEPTH_MAX} levels`);
  return value;
}

const isTree = (value: unknown): value is Readonly<Record<string, unknown>> | readonly unknown[] =>
  typeof value === 'object' && value !== null;

/** Follows it down no further than that, so that no tree overflows the stack; makes no garbage, since every frame comes by here. */
function isDeeperThan(tree: Readonly<Record<string, unknown>> | readonly unknown[], levels: number): boolean {
  if (levels === 0) return true;
  if (isList(tree)) return tree.some((item) => isTree(item) && isDeeperThan(item, levels - 1));
  for (const name in tree) {
    const item = tree[name];
    if (isTree(item) && isDeeperThan(item, levels - 1)) return true;
  }
  return false;
}

const isList = (tree: object): tree is readonly unknown[] => Array.isArray(tree);
