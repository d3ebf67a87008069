import type { ObjectSchema } from '@marcbachmann/cel-js';
import type { FactSpec } from '@pilothouse/contract';
import { z } from 'zod';

/** `storage-usage` is `storageUsage` in a selector: a dash would be a minus. */
export const variableOf = (factName: string): string =>
  factName.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const JsonSchema = z.object({
  type: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
});

/**
 * The fields of a fact as CEL types, so that a typing mistake is found when the selector is written. Numbers, what may be
 * null and the elements of lists of objects are dynamic: JSON has one kind of number, CEL has three.
 */
export function celSchemaOf(fact: FactSpec): ObjectSchema {
  const schema = z.toJSONSchema(fact.body, { io: 'output', unrepresentable: 'any' });
  const root = celTypeOf(schema);
  return typeof root === 'string' ? {} : root;
}

function celTypeOf(schema: unknown): string | ObjectSchema {
  const parsed = JsonSchema.safeParse(schema);
  if (!parsed.success) return 'dyn';
  const { type, properties, items } = parsed.data;
  if (type === 'string') return 'string';
  if (type === 'boolean') return 'bool';
  if (type === 'array') return celTypeOf(items) === 'string' ? 'list<string>' : 'list<dyn>';
  if (type !== 'object' || properties === undefined) return 'dyn';
  const fields: ObjectSchema = {};
  for (const [name, field] of Object.entries(properties)) fields[name] = celTypeOf(field);
  return fields;
}

/** Every path a selector may name below a fact, for suggestions: `os.id`, `os.versionId`. */
export function fieldPaths(prefix: string, schema: ObjectSchema): string[] {
  return Object.entries(schema).flatMap(([name, type]) => {
    const path = `${prefix}.${name}`;
    return typeof type === 'object' && type !== null
      ? [path, ...fieldPaths(path, type as ObjectSchema)]
      : [path]; // nested schemas are plain objects
  });
}
