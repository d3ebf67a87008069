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

interface Described {
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
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: Described;
  readonly prefixItems?: readonly Described[];
  readonly properties?: Readonly<Record<string, Described>>;
}

/** A small value that a schema takes, for tests that spoil good values. Lists have an item, optional fields are there. */
export function sampleOf(schema: z.ZodType): Record<string, unknown> {
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  return sample(described as Described) as Record<string, unknown>; // callers ask for objects
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

function text({ pattern, format, minLength = 0, maxLength = 10_000 }: Described): string {
  const fits = (candidate: string): boolean =>
    candidate.length >= minLength &&
    candidate.length <= maxLength &&
    (pattern === undefined || new RegExp(pattern, 'u').test(candidate));
  if (format === 'date-time') return '2026-05-03T10:00:00.000Z';
  return CANDIDATES.find(fits) ?? 'a'.repeat(Math.max(1, minLength));
}
