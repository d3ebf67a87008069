import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson } from '@pilothouse/base';
import { AppError, Digest, type HostId, isAppError, languageOf, schemaProblem } from '@pilothouse/contract';
import { EnrolRequest, type EnrolResponse, GATEWAY_PATHS, type TrustAnswer } from '@pilothouse/wire';
import { networkOf } from '../http/index.ts';
import type { Desk } from './accept-upgrade.ts';
import { readBody, readDigested } from './read-body.ts';
import type { Peer } from './session-socket.ts';
import { BUSY_SECONDS, Slots } from './slots.ts';

/** A request and who sent it. */
interface Asked {
  readonly request: IncomingMessage;
  readonly peer: Peer;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** The plain HTTPS side of the gateway: enrolment, trust bundles, bodies of facts and outputs. */
export function createRequestDesk(desk: Desk) {
  const { log } = desk.deps.context;
  const slots = new Slots();

  async function answer(asked: Asked, response: ServerResponse): Promise<void> {
    const { request } = asked;
    try {
      const { status, body } = await route(desk, slots, asked);
      write(response, status, body, 'application/json');
    } catch (cause) {
      const requestId = randomUUID();
      const level = isAppError(cause) && cause.code !== 'INTERNAL' ? 'info' : 'error';
      log[level]('refused a request of an agent', { requestId, path: request.url, cause });
      const language = languageOf(request.headers['accept-language']);
      const problem = desk.refusals.problem(cause, language, requestId);
      if (problem.status === 503) response.setHeader('Retry-After', BUSY_SECONDS);
      // What is left of a refused body is not worth reading.
      if (!request.complete) response.setHeader('Connection', 'close');
      write(response, problem.status, problem, 'application/problem+json');
    }
  }

  return {
    asked(request: IncomingMessage, response: ServerResponse, peer: Peer): void {
      request.on('error', (cause) => log.debug('a request broke', { cause }));
      answer({ request, peer }, response).catch((cause: unknown) => {
        log.error('could not answer an agent', { cause });
        response.destroy();
      });
    },
  };
}

function route(desk: Desk, slots: Slots, asked: Asked): Promise<Answer> {
  const { request } = asked;
  const url = new URL(request.url ?? '/', 'https://gateway');
  const at = `${request.method} ${url.pathname}`;
  if (at === `POST ${GATEWAY_PATHS.enrol}`) return enrol(desk, slots, asked);
  if (at === `GET ${GATEWAY_PATHS.trust}`) return Promise.resolve(trust(desk, url));
  for (const kind of ['facts', 'outputs'] as const) {
    const prefix = `PUT ${GATEWAY_PATHS[kind]}/`;
    if (at.startsWith(prefix)) return upload(desk, slots, asked, { kind, name: at.slice(prefix.length) });
  }
  throw new AppError('GATEWAY_NO_SUCH_PATH', { path: url.pathname.slice(0, 200) });
}

/** Anybody may ask, so who is slow to say what it wants holds one of the places of its own network until it has said it. */
async function enrol(desk: Desk, slots: Slots, { request, peer }: Asked): Promise<Answer> {
  const { limits } = desk;
  const { address } = peer;
  const body = await slots.within('enrol bodies', limits.enrolBodiesMax, () =>
    slots.within(`enrol body ${networkOf(address)}`, limits.enrolBodiesPerPlaceMax, () =>
      readBody(request, limits.enrolBodyBytesMax),
    ),
  );
  return slots.within('enrol', limits.enrolmentsInFlightMax, () => enrolSaid(desk, body, address));
}

async function enrolSaid(desk: Desk, body: Buffer, address: string): Promise<Answer> {
  const value = readJson(body.toString('utf8'));
  const parsed = EnrolRequest.safeParse(value);
  if (!parsed.success) {
    const { path, problem } = schemaProblem(EnrolRequest, value, parsed.error);
    throw new AppError('INVALID_REQUEST', { problem, where: ['body', ...path].join('.') });
  }
  const answer: EnrolResponse = await desk.deps.enrolment.enrol(parsed.data, { address });
  return { status: 200, body: answer };
}

function trust(desk: Desk, url: URL): Answer {
  const after = Number(url.searchParams.get('after') ?? 0);
  const bundles = [...desk.deps.enrolment.trustBundles(Number.isSafeInteger(after) ? after : 0)];
  return { status: 200, body: { bundles } satisfies TrustAnswer };
}

async function upload(
  desk: Desk,
  slots: Slots,
  { request, peer }: Asked,
  what: { readonly kind: 'facts' | 'outputs'; readonly name: string },
): Promise<Answer> {
  const { deps, limits, sessions } = desk;
  const digest = Digest.safeParse(what.name);
  if (!digest.success) {
    throw new AppError('INVALID_REQUEST', {
      problem: { en: 'not a SHA-256 in hex', zh: '不是十六进制的 SHA-256' },
      where: 'path.digest',
    });
  }
  const hostId = await identified(desk, peer);
  await suspecting(sessions, hostId, () =>
    slots.within(`upload ${hostId}`, limits.uploadsPerHostMax, () =>
      // What waits is not read: it holds a connection and no memory.
      slots.inTurn(
        'upload',
        { max: limits.uploadsInFlightMax, waitingMax: limits.uploadsWaitingMax },
        async () => {
          const limit = what.kind === 'facts' ? limits.factBodyBytesMax : limits.outputBodyBytesMax;
          const body = await readDigested(request, digest.data, limit);
          if (what.kind === 'facts') await deps.facts.putBody(hostId, digest.data, body);
          else await sessions.outputBody(hostId, digest.data, body);
        },
      ),
    ),
  );
  return { status: 204 };
}

/** What no honest agent uploads. */
const LIES: readonly string[] = [
  'GATEWAY_DIGEST_MISMATCH',
  'GATEWAY_BODY_CORRUPT',
  'BODY_TOO_LARGE',
  'FACT_BODY_UNWANTED',
];

async function suspecting(
  sessions: Pick<Desk['sessions'], 'suspect'>,
  hostId: HostId,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (isAppError(cause) && LIES.includes(cause.code)) sessions.suspect(hostId, cause.code);
    throw cause;
  }
}

async function identified(desk: Desk, { certificate }: Peer): Promise<HostId> {
  if (certificate === null) throw new AppError('GATEWAY_NO_CERTIFICATE');
  const identity = await desk.deps.enrolment.identify(certificate);
  if (identity.kind === 'refused') throw new AppError(identity.code, identity.details);
  if (identity.kind === 'renew-only') throw new AppError('GATEWAY_RENEW_ONLY', { reason: identity.reason });
  return identity.hostId;
}

function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    // Not JSON is not an enrolment request; the schema says so in its own words.
    return null;
  }
}

function write(response: ServerResponse, status: number, body: unknown, type: string): void {
  if (response.headersSent || response.destroyed) return;
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) }).end(text);
}
