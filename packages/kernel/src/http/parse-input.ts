import { AppError, type Route, schemaProblem, schemaProblems } from '@pilothouse/contract';
import type { z } from 'zod';

type Part = 'path' | 'query' | 'body';

/** Parses one part of a request by the route's schema. AppError INVALID_REQUEST names the field: `body.grants[0].hosts`. */
function parsePart(part: Part, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, problem } = schemaProblem(schema, value, parsed.error);
  throw new AppError('INVALID_REQUEST', {
    where: placeOf(part, path),
    problem,
    // Enough to correct a form in one go, bounded because a list of 10,000 bad items is one mistake.
    issues: schemaProblems(schema, value, parsed.error)
      .slice(0, 20)
      .map((each) => ({ where: placeOf(part, each.path), problem: each.problem })),
  });
}

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
