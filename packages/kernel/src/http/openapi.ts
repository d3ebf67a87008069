import type { Language, Route } from '@pilothouse/contract';
import { Problem } from '@pilothouse/contract';
import { z } from 'zod';
import type { ErrorCatalogue } from './problem-answer.ts';

export interface OpenapiOptions {
  readonly routes: readonly Route[];
  readonly catalogue: ErrorCatalogue;
  readonly version: string;
  readonly language: Language;
}

/** Codes that any route can answer; each route lists the others itself. */
const COMMON_CODES = ['INVALID_REQUEST', 'INTERNAL', 'TOO_MANY_REQUESTS'] as const;

type Json = Record<string, unknown>;

/** The routes as an OpenAPI 3.1 document: made from the very values that mount them, so it cannot be out of date. It pauses after each of them. */
export async function openapiOf(options: OpenapiOptions, pause: () => Promise<void>): Promise<Json> {
  const paths: Record<string, Json> = {};
  for (const route of options.routes) {
    const path = paths[route.path] ?? {};
    paths[route.path] = path;
    path[route.method.toLowerCase()] = operationOf(route, options);
    await pause();
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Pilothouse', version: options.version },
    paths,
    components: {
      schemas: { Problem: schemaOf(Problem, 'output') },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-pilothouse' },
      },
    },
  };
}

function operationOf(route: Route, options: OpenapiOptions): Json {
  const isPublic = route.access.kind === 'public';
  return {
    operationId: route.id,
    summary: route.summary[options.language],
    tags: [route.id.split('.')[0]],
    security: isPublic ? [] : [{ token: [] }, { session: [] }],
    ...(route.access.kind === 'permission' ? { 'x-permission': route.access.permission } : {}),
    parameters: [
      ...parametersOf('path', route.params),
      ...parametersOf('query', route.query),
      ...headerParametersOf(route),
    ],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: schemaOf(route.body, 'input'), example: route.example.body },
            },
          },
        }),
    responses: { ...answersOf(route), ...refusalsOf(route, options) },
  };
}

function parametersOf(place: 'path' | 'query', shape: z.ZodObject | undefined): Json[] {
  if (shape === undefined) return [];
  const schema = schemaOf(shape, 'input');
  const properties = (schema['properties'] ?? {}) as Record<string, unknown>; // JSON Schema of an object.
  const required = new Set((schema['required'] ?? []) as string[]); // JSON Schema of an object.
  return Object.entries(properties).map(([name, value]) => ({
    name,
    in: place,
    required: place === 'path' || required.has(name),
    schema: value,
  }));
}

function headerParametersOf(route: Route): Json[] {
  if (route.method === 'GET') return [];
  const header = (name: string): Json => ({
    name,
    in: 'header',
    required: false,
    schema: { type: 'string' },
  });
  const isEdit = route.errors.includes('EDIT_CONFLICT');
  return [header('Idempotency-Key'), ...(isEdit ? [header('If-Match')] : [])];
}

function answersOf(route: Route): Json {
  if (route.stream !== undefined) {
    return { 200: { description: 'OK', content: { [route.stream]: { schema: { type: 'string' } } } } };
  }
  if (route.response === undefined) return { 204: { description: 'Done' } };
  const schema = schemaOf(route.response, 'output');
  return { 200: { description: 'OK', content: { 'application/json': { schema } } } };
}

function refusalsOf(route: Route, options: OpenapiOptions): Json {
  const access =
    route.access.kind === 'public'
      ? []
      : ['UNAUTHENTICATED', ...(route.access.kind === 'permission' ? ['FORBIDDEN'] : [])];
  const byStatus = new Map<number, string[]>();
  for (const code of new Set([...COMMON_CODES, ...access, ...route.errors])) {
    const spec = options.catalogue.find(code);
    if (spec === undefined) continue;
    const title = `${code}: ${spec.title[options.language]}`;
    byStatus.set(spec.status, [...(byStatus.get(spec.status) ?? []), title]);
  }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries(
    [...byStatus].map(([status, titles]) => [status, { description: titles.join('\n\n'), content }]),
  );
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
