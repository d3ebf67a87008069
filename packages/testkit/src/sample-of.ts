import { z } from 'zod';

/** Texts that fit the patterns of our own schemas: digests, times, ids, names. */
const CANDIDATES = [
  'a'.repeat(64),
  '2026-05-03T10:00:00.000Z',
  'a',
  'a.b',
  'h_01HZZZZZZZZZZZZZZZZZZZZZZZ',
  'https://web-1:7443',
  '1',
  '/a',
  'aaaaaaaaaaaaaaaa',
];

/** What is read of a JSON Schema. */
export interface Described {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Described[];
  readonly oneOf?: readonly Described[];
  readonly allOf?: readonly Described[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: Described;
  readonly prefixItems?: readonly Described[];
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Described | boolean;
  readonly propertyNames?: Described;
}

/** The schema of what is sent, as data. */
export const describeSchema = (schema: z.ZodType): Described =>
  // JSON Schema, of which Described names the part that is read here.
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Described;

/** A small value that a schema takes, for tests that spoil good values. Lists have an item, optional fields are there. */
export function sampleOf(schema: z.ZodType): Record<string, unknown> {
  return sample(describeSchema(schema)) as Record<string, unknown>; // callers ask for objects
}

function sample(schema: Described): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice !== undefined) return sample(choice);
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map((part) => sample(part)));
  switch (schema.type) {
    case 'string':
      return text(schema);
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1, (schema.exclusiveMinimum ?? 0) + 1);
    case 'boolean':
      return true;
    case 'array':
      if (schema.prefixItems !== undefined) return schema.prefixItems.map(sample);
      return Array.from({ length: Math.max(1, schema.minItems ?? 0) }, () => sample(schema.items ?? {}));
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, property]) => [name, sample(property)]),
      );
    case undefined:
    default:
      return schema.properties === undefined ? null : sample({ ...schema, type: 'object' });
  }
}

const text = (schema: Described): string => textFitting(schema, [])[0] ?? '';

/** Texts that a schema takes: those of `worthTrying` that it does, then some of our own. Never empty. */
export function textFitting(
  { pattern, format, minLength = 0, maxLength = 10_000 }: Described,
  worthTrying: readonly string[],
): readonly string[] {
  const expected = new RegExp(pattern ?? (format === 'date-time' ? '^\\d{4}-\\d\\d-\\d\\dT' : ''), 'u');
  const found = [...worthTrying, ...CANDIDATES].filter(
    (candidate) => candidate.length >= minLength && candidate.length <= maxLength && expected.test(candidate),
  );
  return found.length > 0 ? found : ['a'.repeat(Math.max(1, minLength))];
}
