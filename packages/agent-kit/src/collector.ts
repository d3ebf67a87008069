import type { FactAbsence, FactSpec, Message } from '@pilothouse/contract';
import type { z } from 'zod';
import type { HostAccess } from './host-access.ts';

/** What a collector found. `absent` is an answer, not a failure: this host has no such thing, or will not show it. */
export type Collected<Body> =
  | { readonly kind: 'present'; readonly body: Body; readonly unknownLines: number }
  | { readonly kind: 'absent'; readonly reason: FactAbsence; readonly detail: Message };

/**
 * Produces one fact. It only reads, finishes within `timeoutMs`, and is deterministic: two hosts of one build must give
 * equal bodies, so lists are sorted and nothing unique to a host goes into a shared fact.
 */
export interface Collector<Body extends z.ZodType = z.ZodType> {
  readonly fact: FactSpec<Body>;
  readonly timeoutMs: number;
  /** Files and directories whose change means that the fact may have changed: it is then collected before its interval. */
  readonly sources?: readonly string[];
  collect(host: HostAccess): Promise<Collected<z.input<Body>>>;
}

export const defineCollector = <Body extends z.ZodType>(collector: Collector<Body>): Collector<Body> =>
  collector;
