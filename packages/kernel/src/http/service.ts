import type { Language, Route } from '@pilothouse/contract';
import type { z } from 'zod';
import type { Principal } from '../access/service.ts';

/** A request after authentication and validation. */
export interface HttpRequest<Params = unknown, Query = unknown, Body = unknown> {
  readonly principal: Principal;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly language: Language;
  readonly requestId: string;
  readonly address: string;
  /** Value of If-Match without quotes, `*`, or null. */
  readonly ifMatch: string | null;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  readonly exchange: HttpExchange;
}

/** The bare exchange, for the few handlers that deal in cookies and redirects. Everything else returns a value. */
export interface HttpExchange {
  /** A request header by its lower-case name. */
  header(name: string): string | null;
  setHeader(name: string, value: string): void;
  /** Replaces the default 200 (or 204 without a body). */
  setStatus(status: number): void;
}

/** An endless or long answer. Each item is one event, line or row; the writer applies back-pressure. */
export interface StreamAnswer {
  /** Items that are there at the same time may come together, and travel together. */
  readonly stream: AsyncIterable<StreamItem | SharedItems>;
}
export type StreamItem = {
  readonly event?: string;
  readonly id?: string;
  readonly data: unknown;
  /** `data` as JSON, where one text serves many readers. */
  readonly json?: string;
};
/** Items for many readers of one kind of stream: who is the first to say them leaves their bytes for the others. */
export interface SharedItems {
  readonly items: readonly StreamItem[];
  encoded: Uint8Array | null;
}

// A route without a schema has `undefined` there; one with a schema has it beside `undefined`, the member being optional.
// A route's optional property reads as `schema | undefined`; only the schema counts.
type SchemaOf<S> = Extract<S, z.ZodType>;
type Out<S> = [SchemaOf<S>] extends [never] ? undefined : z.output<SchemaOf<S>>;
type In<S> = [SchemaOf<S>] extends [never] ? undefined | StreamAnswer : z.input<SchemaOf<S>>;

export interface Endpoint {
  readonly route: Route;
  readonly handle: (request: HttpRequest) => Promise<unknown>;
}

/** Binds a handler to a route; parameters and answer are typed by the route's schemas. */
export function endpoint<R extends Route>(
  route: R,
  handle: (
    request: HttpRequest<Out<R['params']>, Out<R['query']>, Out<R['body']>>,
  ) => Promise<In<R['response']>>,
): Endpoint {
  // The http room parses params, query and body with the route's own schemas before it calls `handle`.
  return { route, handle: handle as Endpoint['handle'] };
}

/** Sends a browser on, after a sign-in for example. */
export function redirectTo(location: string, exchange: HttpExchange): StreamAnswer {
  exchange.setStatus(303);
  exchange.setHeader('location', location);
  return { stream: emptyBody() };
}

async function* emptyBody(): AsyncGenerator<StreamItem> {
  yield { data: '' };
}
