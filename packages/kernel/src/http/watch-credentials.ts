import { SECOND_MS } from '@pilothouse/base';
import type { Route } from '@pilothouse/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../access/service.ts';
import { isRefusal } from '../is-refusal.ts';
import type { HttpDependencies } from './create-http.ts';
import type { HttpRequest } from './service.ts';

/** How long a stream outlives the right to read it. */
const LOOK_EVERY_MS = 30 * SECOND_MS;

interface WatchedStream {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly call: Pick<HttpRequest, 'principal' | 'signal'>;
}

/**
 * A stream may be open for days, so whoever follows one is judged again and again: it ends once the credentials are gone or
 * the rights are others than those that it was begun with, since what it tells is chosen by them. Who may go on begins anew.
 * A store that does not answer just now ends nothing.
 */
export function watchCredentials(
  route: Route,
  { request, reply, call }: WatchedStream,
  http: Pick<HttpDependencies, 'authenticator' | 'clock' | 'log'>,
): void {
  const { principal, signal } = call;
  if (route.access.kind === 'public' || signal.aborted) return;
  const { authorization, cookie } = request.headers;
  const look = async (): Promise<void> => {
    const isGood = await http.authenticator.authenticate({ authorization, cookie }).then(
      (found) => found !== null && hasRightsOf(found.principal, principal),
      (cause: unknown) => {
        if (isRefusal(cause)) return false;
        throw cause;
      },
    );
    if (!isGood) reply.raw.destroy();
  };
  const cancel = http.clock.every(LOOK_EVERY_MS, () => {
    look().catch((cause: unknown) => http.log.warn('judge an open stream again', { route: route.id, cause }));
  });
  signal.addEventListener('abort', cancel, { once: true });
}

function hasRightsOf({ rights: now = [] }: Principal, { rights: then = [] }: Principal): boolean {
  return now.length === then.length && now.every((right, i) => right === then[i]);
}
