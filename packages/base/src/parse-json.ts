/** Deeper than anything that is meant, and far from what code that follows a tree down can bear. */
export const JSON_DEPTH_MAX = 64;

/** JSON from outside. Throws a SyntaxError for what is none, and for arrays and objects deeper than JSON_DEPTH_MAX. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Level by level, because following it down is just what a tree that is too deep forbids.
  let level = [value].filter(isTree);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > JSON_DEPTH_MAX) throw new SyntaxError(`nested deeper than ${JSON_DEPTH_MAX} levels`);
    level = level.flatMap((tree) => Object.values(tree).filter(isTree));
  }
  return value;
}

const isTree = (value: unknown): value is object => typeof value === 'object' && value !== null;
