import { AppError, type Route, schemaProblems, unknownMembers } from '@pilothouse/contract';
import type { z } from 'zod';

type Part = 'path' | 'query' | 'body';

/** Parses one part of a request by the route's schema. AppError INVALID_REQUEST names the field: `body.grants[0].hosts`. */
function parsePart(part: Part, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  // In a query a newer client may ask for more than this server knows; a body that is not understood whole is not acted upon.
  const unknown = parsed.success && part === 'body' ? unknownMembers(value, parsed.data) : [];
  if (parsed.success && unknown.length === 0) return parsed.data;
  const problems = parsed.success ? unknown : schemaProblems(schema, value, parsed.error);
  const [first = NOT_VALID] = problems;
  throw new AppError('INVALID_REQUEST', {
    where: placeOf(part, first.path),
    problem: first.problem,
    // Enough to correct a form in one go, bounded because a list of 10,000 bad items is one mistake.
    issues: problems.slice(0, 20).map((each) => ({ where: placeOf(part, each.path), problem: each.problem })),
  });
}

const NOT_VALID = { path: [], problem: { en: 'not valid', zh: '无效' } };

function placeOf(part: Part, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`),
    part,
  );
}

export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

export function parseInput(route: Route, raw: RawInput): { params: unknown; query: unknown; body: unknown } {
  return {
    params: parsePart('path', route.params, raw.params),
    query: parsePart('query', route.query, raw.query),
    body: parsePart('body', route.body, raw.body),
  };
}
