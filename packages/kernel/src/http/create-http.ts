import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, parseJson } from '@pilothouse/base';
import { AppError, languageOf, type Message } from '@pilothouse/contract';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Log } from '../log.ts';
import { NOT_JSON } from '../not-json.ts';
import { plainAddress } from '../plain-address.ts';
import type { Authenticator } from './authenticator.ts';
import { EDGE_CONNECTION } from './edge-connection.ts';
import { createEdgeLimits, type EdgeLimits } from './edge-limits.ts';
import type { Idempotency } from './idempotency.ts';
import type { Metrics } from './metrics.ts';
import { handlerOf } from './mount-endpoint.ts';
import { createOpenRequests, type OpenRequests } from './open-requests.ts';
import { type ErrorCatalogue, problemOf } from './problem-answer.ts';
import { QUIET_ROUTES, routeIdOf } from './quiet-routes.ts';
import { refuseBroken } from './refuse-broken.ts';
import type { Endpoint } from './service.ts';
import { traceIdOf, traceRequests } from './trace-requests.ts';

/** Largest request body; the largest legitimate one (a fixed group of many hosts) is well below. */
export const BODY_BYTES_MAX = 1024 * 1024;
/**
 * A body that is over the limit by no more than this is read to its end and thrown away. Closing at once, while the client
 * still sends, would take the answer from it with the connection: it would see a broken pipe and never the code.
 */
const BODY_DRAIN_BYTES_MAX = 64 * 1024 * 1024;
const PARAMETER_CHARS_MAX = 1024;

export interface HttpDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly authenticator: Authenticator;
  readonly catalogue: ErrorCatalogue;
  readonly idempotency: Idempotency;
  readonly metrics: Metrics;
  readonly limits: EdgeLimits;
  /** True in tests: every answer is parsed by its route's schema before it is sent. */
  readonly isAnswerChecked: boolean;
  readonly open: OpenRequests;
}

export interface HttpOptions extends Omit<HttpDependencies, 'open' | 'limits'> {
  readonly endpoints: readonly Endpoint[];
  /** PEM. Null where other processes hold the connections, and in tests, which inject requests without a socket. */
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  /** True where other processes hold the connections. */
  readonly isCarried?: boolean;
}

export interface HttpServer {
  /** For tests: requests without a socket. */
  readonly inject: FastifyInstance['inject'];
  /** A request that another process has taken: its sender's address is the only one in X-Forwarded-For. */
  carried(): Promise<(request: IncomingMessage, response: ServerResponse) => void>;
  listen(address: { host: string; port: number }): Promise<{ port: number }>;
  /** New certificate for new connections. */
  setCertificate(tls: { certificate: string; key: string }): void;
  close(): Promise<void>;
}

/** The HTTPS listener of API and console. Knows routes only as data; each room brings its own. */
export function createHttp(options: HttpOptions): HttpServer {
  const open = createOpenRequests();
  const dependencies: HttpDependencies = { ...options, limits: createEdgeLimits(options.clock), open };
  const app = createApp(options);
  addErrorAnswers(app, options);
  traceRequests(app);
  addRequestLog(app, options);
  for (const endpoint of options.endpoints) {
    app.route({
      method: endpoint.route.method,
      url: endpoint.route.path.replace(/\{(\w+)\}/g, ':$1'),
      config: { routeId: endpoint.route.id },
      handler: handlerOf(endpoint, dependencies),
    });
  }
  return {
    inject: app.inject.bind(app),
    async carried() {
      await app.ready();
      return (request, response) => app.routing(request, response);
    },
    async listen({ host, port }) {
      await app.listen({ host, port });
      const address = app.server.address();
      return { port: typeof address === 'object' && address !== null ? address.port : port };
    },
    setCertificate({ certificate, key }) {
      // Only an HTTPS server, which this is outside tests, has setSecureContext.
      if ('setSecureContext' in app.server && typeof app.server.setSecureContext === 'function') {
        app.server.setSecureContext({ cert: certificate, key });
      }
    },
    async close() {
      open.endAll();
      await app.close();
    },
  };
}

function createApp(options: HttpOptions): FastifyInstance {
  const { tls } = options;
  const common = {
    bodyLimit: BODY_BYTES_MAX,
    genReqId: () => `r_${randomUUID()}`,
    requestTimeout: EDGE_CONNECTION.requestTimeout,
    exposeHeadRoutes: false,
    // What fronts bring says there what they saw, and nothing that a stranger chose.
    trustProxy: options.isCarried ?? false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: PARAMETER_CHARS_MAX },
    // What fails before there is a route, and before there is a request.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      void reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
      return answerError(error, { request, reply }, options);
    },
    clientErrorHandler: (error: Error & { code?: string }, socket: Socket) =>
      refuseBroken(error, socket, options.catalogue),
  };
  // Fastify types a server by its options; all that is used here is the same for both.
  const app = (
    tls === null
      ? fastify(common)
      : fastify({
          ...common,
          https: {
            cert: tls.certificate,
            key: tls.key,
            maxHeaderSize: EDGE_CONNECTION.maxHeaderSize,
            minVersion: 'TLSv1.2',
          },
        })
  ) as FastifyInstance;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, text, done) => {
    if (text === '') return done(null, undefined);
    try {
      done(null, parseJson(String(text)));
    } catch {
      done(new AppError('INVALID_REQUEST', { where: 'body', problem: NOT_JSON }));
    }
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(SECURITY_HEADERS);
    void reply.header('x-request-id', request.id);
  });
  return app;
}

/** For answers that are data. The few pages set a content security policy of their own. */
const SECURITY_HEADERS = {
  'strict-transport-security': 'max-age=31536000',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

function addErrorAnswers(app: FastifyInstance, options: HttpOptions): void {
  app.setErrorHandler((error: FastifyError, request, reply) =>
    answerError(error, { request, reply }, options),
  );
  app.setNotFoundHandler((request) => {
    throw new AppError('NOT_FOUND', { what: 'route', id: `${request.method} ${request.url.split('?')[0]}` });
  });
}

function answerError(
  error: FastifyError,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  options: Pick<HttpOptions, 'catalogue' | 'log'>,
): FastifyReply {
  if (isBrokenOff(error, request)) options.log.debug('request broke off', aboutOf(request));
  const refusal = isBrokenOff(error, request) ? brokenOff() : refusalOf(error);
  const context = { language: languageOf(request.headers['accept-language']), requestId: request.id };
  const problem = problemOf(refusal, options.catalogue, context);
  if (problem.code === 'INTERNAL') {
    options.log.error('request failed', { ...aboutOf(request), error });
  }
  const seconds = problem.details?.['seconds'];
  if (problem.code === 'TOO_MANY_REQUESTS' && typeof seconds === 'number') {
    void reply.header('retry-after', String(seconds));
  }
  if (problem.code === 'BODY_TOO_LARGE' && isDrained(request.headers['content-length'])) {
    void reply.removeHeader('connection');
  }
  return reply.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

const aboutOf = (request: FastifyRequest) => ({ requestId: request.id, route: routeIdOf(request) });

/** Whoever sent the body has gone in the middle of it, or sent what is none: nobody reads the answer, and nothing is wrong here. */
const isBrokenOff = (error: FastifyError, { raw }: FastifyRequest): boolean =>
  error.code === 'ECONNRESET' && !raw.complete;

const brokenOff = (): AppError =>
  new AppError('INVALID_REQUEST', { where: 'body', problem: { en: 'it broke off', zh: '请求体中断' } });

/** What an answered request still sends is read and dropped by node, unless the answer closes the connection. */
const isDrained = (contentLength: string | undefined): boolean =>
  Number(contentLength) <= BODY_DRAIN_BYTES_MAX;

/** Not the framework's own words: they quote the address. */
const BROKEN = {
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    en: 'the body is not as long as its content-length says',
    zh: '请求体长度与 content-length 不一致',
  },
  FST_ERR_BAD_URL: { en: 'the address is not well-formed', zh: '地址格式错误' },
  FST_ERR_MAX_PARAM_LENGTH: {
    en: `a part of the address is longer than ${PARAMETER_CHARS_MAX} characters`,
    zh: `地址中的一段超过 ${PARAMETER_CHARS_MAX} 个字符`,
  },
} as const satisfies Readonly<Record<string, Message>>;

/** Fastify's own refusals in our words. */
function refusalOf(error: FastifyError): unknown {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new AppError('BODY_TOO_LARGE', { limitBytes: BODY_BYTES_MAX }, { cause: error });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new AppError(
        'INVALID_REQUEST',
        {
          where: 'header.content-type',
          problem: { en: 'application/json is the only one understood', zh: '仅支持 application/json' },
        },
        { cause: error },
      );
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new AppError(
        'INVALID_REQUEST',
        { where: 'request', problem: BROKEN[error.code] ?? BROKEN.FST_ERR_BAD_URL },
        { cause: error },
      );
    default:
      return error;
  }
}

function addRequestLog(app: FastifyInstance, options: HttpOptions): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = routeIdOf(request);
    const { method } = request;
    const status = reply.statusCode;
    options.metrics.requestEnded({ route, method, status }, reply.elapsedTime / 1000);
    const level = QUIET_ROUTES.has(route) ? 'debug' : 'info';
    options.log[level]('request', {
      requestId: request.id,
      route,
      method,
      // Without the query: it may hold what people typed, and the sign-in provider's code.
      path: request.url.split('?')[0],
      status,
      ms: Math.round(reply.elapsedTime),
      address: plainAddress(request.ip),
      ...traceIdOf(request),
    });
  });
}
