/**
 * Values that a schema takes, for property tests of what lies behind the check of the input: every choice of a union, every
 * optional field there or not, numbers at their ends, and texts that mean something to who reads them. Not for values that
 * are refused; see `fuzz.ts`. Rules between fields are not in a schema's description, so some values are refused all the same.
 */
import fc from 'fast-check';
import type { z } from 'zod';
import { type Described, describeSchema, textFitting } from './sample-of.ts';

/** Texts that are worth trying for a field of this name; those that the schema does not take are left out. */
export type TextsFor = (name: string) => readonly string[];

const ITEMS_MAX = 3;
/** What is described by itself, such as JSON in JSON, is not followed down. */
const OPEN_VALUES = [null, true, 0, -1.5, '', 'x', [], {}, { a: [1, { b: null }] }];

export const valuesOf = (schema: z.ZodType, textsFor: TextsFor = () => []): fc.Arbitrary<unknown> =>
  values(describeSchema(schema), '', textsFor);

function values(schema: Described, name: string, textsFor: TextsFor): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf ?? [];
  if (choices.length > 0) return fc.oneof(...choices.map((choice) => values(choice, name, textsFor)));
  if (schema.allOf !== undefined)
    return fc
      .tuple(...schema.allOf.map((part) => values(part, name, textsFor)))
      .map((parts) => Object.assign({}, ...parts));
  switch (schema.type) {
    case 'string':
      return texts(schema, textsFor(name));
    case 'integer':
    case 'number':
      return numbers(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return items(schema, name, textsFor);
    case 'object':
      return objects(schema, name, textsFor);
    case undefined:
    default:
      return schema.properties === undefined
        ? fc.constantFrom(...OPEN_VALUES)
        : objects(schema, name, textsFor);
  }
}

function texts(schema: Described, worthTrying: readonly string[]): fc.Arbitrary<string> {
  // Asked for at each value, since some of them become known while the test runs.
  return fc.nat().map((n) => {
    const fitting = textFitting(schema, worthTrying);
    return fitting[n % fitting.length] ?? '';
  });
}

function numbers({ type, minimum, maximum, exclusiveMinimum }: Described): fc.Arbitrary<number> {
  const min = Math.max(-1e9, minimum ?? (exclusiveMinimum === undefined ? -1e9 : exclusiveMinimum + 1));
  const max = Math.min(1e9, maximum ?? 1e9);
  const ends = fc.constantFrom(min, max, Math.min(max, Math.max(min, 1)));
  return type === 'integer'
    ? fc.oneof(ends, fc.integer({ min: Math.ceil(min), max: Math.floor(max) }))
    : fc.oneof(ends, fc.double({ min, max, noNaN: true }));
}

function items(schema: Described, name: string, textsFor: TextsFor): fc.Arbitrary<unknown[]> {
  if (schema.prefixItems !== undefined)
    return fc.tuple(...schema.prefixItems.map((item) => values(item, name, textsFor)));
  const minLength = schema.minItems ?? 0;
  const maxLength = Math.min(schema.maxItems ?? ITEMS_MAX, Math.max(ITEMS_MAX, minLength));
  return fc.array(values(schema.items ?? {}, name, textsFor), { minLength, maxLength });
}

function objects(schema: Described, name: string, textsFor: TextsFor): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0 && typeof schema.additionalProperties === 'object')
    return fc.dictionary(
      texts(schema.propertyNames ?? { type: 'string' }, ['a', 'site', 'role', 'name']),
      values(schema.additionalProperties, name, textsFor),
      { maxKeys: ITEMS_MAX },
    );
  const fields = properties.map(([key, property]) => [key, values(property, key, textsFor)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...(schema.required ?? [])] });
}
