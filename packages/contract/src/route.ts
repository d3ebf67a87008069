import type { z } from 'zod';
import type { Message } from './message.ts';

/** Who may call a route. `public` is for sign-in and health alone; the access test lists every public route by name. */
export type RouteAccess =
  | { readonly kind: 'public' }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'permission'; readonly permission: string };

type Shape = z.ZodObject | undefined;

/**
 * One HTTP route as data. The server mounts it, the client calls it, OpenAPI prints it and the access test walks it,
 * all from this one value. Path parameters are `{name}` and listed in `params`.
 */
export interface Route<
  Params extends Shape = Shape,
  Query extends Shape = Shape,
  Body extends z.ZodType | undefined = z.ZodType | undefined,
  Response extends z.ZodType | undefined = z.ZodType | undefined,
> {
  /** `hosts.list`: stable, the OpenAPI operationId. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: `/${string}`;
  readonly summary: Message;
  readonly access: RouteAccess;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Of a JSON response. Absent: 204, or a stream. */
  readonly response?: Response;
  readonly stream?: 'text/event-stream' | 'application/x-ndjson' | 'text/csv' | 'text/plain' | 'text/html';
  /** Codes of error tables that this route can answer, besides those every route can. */
  readonly errors: readonly string[];
  /** Values that work against the conformance suite's fleet. */
  readonly example: {
    readonly params?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
}

export const defineRoute = <
  Params extends Shape = undefined,
  Query extends Shape = undefined,
  Body extends z.ZodType | undefined = undefined,
  Response extends z.ZodType | undefined = undefined,
>(
  route: Route<Params, Query, Body, Response>,
): Route<Params, Query, Body, Response> => route;
