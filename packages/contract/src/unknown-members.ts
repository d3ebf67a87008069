/**
 * Members of what somebody sent that the schema of the place does not know.
 *
 * Problem: schemas drop them, so that stored values and frames of other versions can be read. In a wish that means: with `inFlihtMax`
 * misspelt the change runs without its limit, with `selctor` misspelt an emergency stop stops all.
 *
 * Rule: what was sent is compared with what the schema took of it. That holds since no schema of a wish renames members.
 */
import type { SchemaProblem } from './schema-text.ts';

/** Told at once; a list of ten thousand such items is one mistake. */
const TOLD_MAX = 20;

/** `taken`: what the schema gave for `sent`. In the order in which they were sent, 20 at most. */
export function unknownMembers(sent: unknown, taken: unknown): SchemaProblem[] {
  const found: SchemaProblem[] = [];
  const visit = (one: unknown, other: unknown, path: readonly PropertyKey[]): void => {
    if (Array.isArray(one) && Array.isArray(other)) {
      for (const [index, item] of one.entries()) visit(item, other[index], [...path, index]);
    } else if (isObject(one) && isObject(other)) {
      for (const [name, value] of Object.entries(one)) {
        if (found.length >= TOLD_MAX) return;
        if (Object.hasOwn(other, name)) visit(value, other[name], [...path, name]);
        else if (value !== undefined) found.push({ path: [...path, name], problem: UNKNOWN });
      }
    }
  };
  visit(sent, taken, []);
  return found;
}

const UNKNOWN = {
  en: 'there is no such field here; look for a slip of the pen',
  zh: '此处没有该字段，请检查拼写',
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
