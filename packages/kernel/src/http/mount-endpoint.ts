import { AppError, languageOf, type Route } from '@pilothouse/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../access/service.ts';
import { isRefusal } from '../is-refusal.ts';
import { plainAddress } from '../plain-address.ts';
import type { HttpDependencies } from './create-http.ts';
import { readExchange } from './exchange.ts';
import type { KeptAnswer } from './idempotency.ts';
import type { Asker } from './open-requests.ts';
import { parseInput } from './parse-input.ts';
import { requireSameOrigin } from './same-origin.ts';
import { sendStream } from './send-stream.ts';
import type { Endpoint, HttpRequest } from './service.ts';
import { isStreamAnswer } from './stream-answer.ts';
import { watchCredentials } from './watch-credentials.ts';

/**
 * One request's way: who asks, whether they may call this route at all, whether the input fits, whether this was asked
 * before, then the handler. Default deny: what is not `public` needs a principal, and a principal needs the permission.
 */
export function handlerOf(endpoint: Endpoint, http: HttpDependencies) {
  const { route } = endpoint;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const principal = await admit(route, request, http);
    const input = parseInput(route, request);
    const exchange = readExchange(request, reply);
    const call: HttpRequest = {
      principal,
      ...input,
      language: languageOf(request.headers['accept-language']),
      requestId: request.id,
      address: plainAddress(request.ip),
      ifMatch: ifMatchOf(request.headers['if-match']),
      signal: http.open.begin(reply.raw, askerOf(route, principal, request)),
      exchange,
    };
    const key = request.headers['idempotency-key'];
    if (typeof key === 'string' && isWrite(route) && route.access.kind !== 'public') {
      return sendKept(await keptAnswer(endpoint, call, { key, http, reply }), reply);
    }
    const answer = await endpoint.handle(call);
    if (isStreamAnswer(answer)) watchCredentials(route, { request, reply, call }, http);
    if (isStreamAnswer(answer)) return sendStream(route, answer, { reply, http, signal: call.signal });
    return sendAnswer(checked(route, answer, http), request, reply);
  };
}

/** Asked by balancers and monitors, which are not told to wait: they would take the server for dead. */
const UNLIMITED_ROUTES = new Set(['system.health', 'system.ready']);

function askerOf(route: Route, principal: Principal, request: FastifyRequest): Asker {
  if (UNLIMITED_ROUTES.has(route.id)) return { kind: 'monitor' };
  if (route.access.kind === 'public') return { kind: 'stranger', address: plainAddress(request.ip) };
  return { kind: 'person', id: personIdOf(principal) };
}

const personIdOf = ({ person, actor }: Principal): string => person?.id ?? actor.id;

const isWrite = (route: Route): boolean => route.method !== 'GET';

async function admit(route: Route, request: FastifyRequest, http: HttpDependencies): Promise<Principal> {
  const isPublic = route.access.kind === 'public';
  // On a public route stale credentials are no reason to refuse: signing in again is how they are renewed.
  const found = isPublic ? null : await authenticated(request, http);
  if (found?.by !== 'token') {
    const { headers, method } = request;
    const fetchSite = headers['sec-fetch-site'];
    requireSameOrigin(
      {
        method,
        host: headers.host,
        origin: headers.origin,
        fetchSite: typeof fetchSite === 'string' ? fetchSite : undefined,
      },
      found !== null,
    );
  }
  if (isPublic) {
    if (!UNLIMITED_ROUTES.has(route.id)) http.limits.stranger(plainAddress(request.ip));
    return http.authenticator.nobody;
  }
  if (found === null) {
    http.limits.stranger(plainAddress(request.ip));
    throw new AppError('UNAUTHENTICATED');
  }
  http.limits.knownPerson(personIdOf(found.principal));
  if (route.access.kind === 'permission' && !found.principal.has(route.access.permission)) {
    throw new AppError('FORBIDDEN', { permission: route.access.permission });
  }
  return found.principal;
}

async function authenticated(request: FastifyRequest, http: HttpDependencies) {
  const { authorization, cookie } = request.headers;
  try {
    return await http.authenticator.authenticate({ authorization, cookie });
  } catch (cause) {
    // Guessing at credentials is told to slow down before it is told that it guessed wrong.
    if (isRefusal(cause)) http.limits.stranger(plainAddress(request.ip));
    throw cause;
  }
}

/** AppError INVALID_REQUEST for what names no one version: taken for none, it would let an edit go over somebody else's. */
function ifMatchOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  const etag = header.trim() === '*' ? '*' : etagOf(header);
  if (etag !== null) return etag;
  throw new AppError('INVALID_REQUEST', {
    where: 'header.if-match',
    problem: { en: 'one etag in quotation marks, or *', zh: '应为一个带引号的 etag，或 *' },
  });
}

function etagOf(header: string | undefined): string | null {
  const match = /^\s*(?:W\/)?"([^"]*)"\s*$/.exec(header ?? '');
  return match?.[1] ?? null;
}

/** Tests run with `isAnswerChecked`, so that a handler cannot drift from its route's schema. */
function checked(route: Route, answer: unknown, http: HttpDependencies): unknown {
  if (!http.isAnswerChecked || route.response === undefined) return answer;
  const parsed = route.response.safeParse(answer);
  if (!parsed.success) {
    throw new TypeError(`${route.id}: the answer does not fit its schema`, { cause: parsed.error });
  }
  return answer;
}

async function keptAnswer(
  endpoint: Endpoint,
  call: HttpRequest,
  { key, http, reply }: { key: string; http: HttpDependencies; reply: FastifyReply },
): Promise<KeptAnswer> {
  const { route } = endpoint;
  const input = { params: call.params, query: call.query, body: call.body, ifMatch: call.ifMatch };
  const request = { actorId: call.principal.actor.id, key, routeId: route.id, input };
  return http.idempotency.run(request, async () => {
    const answer = checked(route, await endpoint.handle(call), http);
    if (isStreamAnswer(answer)) throw new TypeError(`${route.id}: a write cannot answer with a stream`);
    const body = answer === undefined ? null : JSON.stringify(answer);
    return { status: body === null ? 204 : reply.statusCode, body };
  });
}

function sendKept(kept: KeptAnswer, reply: FastifyReply): FastifyReply {
  void reply.status(kept.status);
  if (kept.body === null) return reply.send();
  return reply.header('content-type', 'application/json; charset=utf-8').send(kept.body);
}

function sendAnswer(answer: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (answer === undefined) {
    if (reply.statusCode === 200) void reply.status(204);
    return reply.send();
  }
  if (typeof answer === 'object' && answer !== null && 'etag' in answer && typeof answer.etag === 'string') {
    void reply.header('etag', `"${answer.etag}"`);
    const isKnown = request.method === 'GET' && etagOf(request.headers['if-none-match']) === answer.etag;
    if (isKnown) return reply.status(304).send();
  }
  return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(answer));
}
