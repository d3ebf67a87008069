import { AppError, Problem, type Route } from '@pilothouse/contract';
import type { z } from 'zod';
import type { Patience } from './ask-patiently.ts';

/** The part of an AbortSignal that is used; the caller brings the real one. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The part of `fetch` that the client needs; the caller brings it, with its own TLS trust. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    signal?: CancelSignal;
  },
) => Promise<{
  status: number;
  headers: { get(name: string): string | null };
  text(): Promise<string>;
  body: AsyncIterable<Uint8Array> | null;
}>;

export interface ClientOptions {
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly token: string | null;
  /** For Accept-Language: the language of problem texts. */
  readonly language: string;
  /** A fresh key for each write, so that the server can tell a repeated request from a second one. */
  readonly newIdempotencyKey?: () => string;
  /** Absent: what fails is not asked again. */
  readonly patience?: Patience;
}

// The schemas are optional fields of a route, so `undefined` is taken off before they are read, lest every answer be
// possibly undefined; a route that has none of them leaves `never`.
type In<S> = [NonNullable<S>] extends [z.ZodType] ? z.input<NonNullable<S>> : undefined;
export type Out<S> = [NonNullable<S>] extends [never]
  ? undefined
  : NonNullable<S> extends z.ZodType
    ? z.output<NonNullable<S>>
    : undefined;

export interface CallInput<R extends Route> {
  readonly params?: In<R['params']>;
  readonly query?: In<R['query']>;
  readonly body?: In<R['body']>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The etag of the record that this edit was made from; becomes If-Match. */
  readonly etag?: string;
  readonly signal?: CancelSignal;
}

/** A problem answer as an error: code and details for programs, title and hint as the server wrote them. */
export class ProblemError extends AppError {
  readonly problem: Problem;
  /** What the server asked to wait; null when it did not say. */
  readonly retryAfterMs: number | null;

  constructor(problem: Problem, retryAfterMs: number | null = null) {
    super(problem.code, problem.details ?? {});
    this.name = 'ProblemError';
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A typed caller over route contracts: one function serves every route of kernel and plugins. */
export interface Client {
  call<R extends Route>(route: R, input?: CallInput<R>): Promise<Out<R['response']>>;
  /** The bytes of a streaming route. */
  stream<R extends Route>(route: R, input?: CallInput<R>): Promise<AsyncIterable<Uint8Array>>;
}
