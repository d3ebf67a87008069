import type { FastifyInstance, FastifyRequest } from 'fastify';
import { beginRequestSpan, type RequestSpan } from '../tracing.ts';
import { QUIET_ROUTES, routeIdOf } from './quiet-routes.ts';

const spans = Symbol('span of a request');

/** One span a request, from its first header to the last byte of the answer; a stream's ends with the stream. */
export function traceRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request: Traced, _, done) => {
    const route = routeIdOf(request);
    if (QUIET_ROUTES.has(route)) return done();
    const { method, headers, id } = request;
    // The pattern, as the conventions have it: an address would make a name of every host.
    const pattern = request.routeOptions.url ?? 'none';
    const span = beginRequestSpan(headers, { method, route: pattern, requestId: id });
    request[spans] = span;
    span.run(done);
  });
  app.addHook('onResponse', async (request: Traced, reply) => {
    request[spans]?.end(reply.statusCode);
  });
}

/** For the log: empty when the request is in no trace. */
export function traceIdOf(request: Traced): { readonly traceId?: string } {
  const traceId = request[spans]?.traceId;
  return typeof traceId === 'string' ? { traceId } : {};
}

type Traced = FastifyRequest & { [spans]?: RequestSpan };
