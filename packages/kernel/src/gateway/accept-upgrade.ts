import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { AppError, type HostId } from '@pilothouse/contract';
import { type AgentFrameOf, GATEWAY_PATHS, PROTOCOL_VERSION, parseAgentFrame } from '@pilothouse/wire';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { PeerIdentity } from '../enrolment/index.ts';
import { endSocket, textOf } from './agent-session.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import type { GatewayLimits } from './limits.ts';
import type { Refusals } from './problem-answer.ts';
import { runRenewSession } from './renew-session.ts';
import type { Sessions } from './sessions.ts';

export const BUSY_SECONDS = 5;

type Known = Exclude<PeerIdentity, { kind: 'refused' }>;

/** The certificate that the peer proved to hold, also on a resumed TLS session. Null when it showed none. */
export function peerCertificate(socket: Duplex): Uint8Array | null {
  if (!(socket instanceof TLSSocket)) return null;
  const { raw } = socket.getPeerCertificate();
  return raw instanceof Uint8Array ? raw : null;
}

/**
 * Takes agents from the upgrade to a session. Who shows a foreign certificate holds an opening slot only while it is looked
 * up, and one host holds at most two, so neither strangers nor a single bad host can keep the others out.
 */
export function createUpgradeDesk(
  deps: GatewayDeps,
  limits: GatewayLimits,
  parts: { readonly sessions: Sessions; readonly refusals: Refusals },
) {
  const { context, enrolment } = deps;
  const { sessions, refusals } = parts;
  const openings = new Map<HostId, number>();
  let openingsCount = 0;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.frameBytesMax,
    // Bodies travel compressed over HTTP; frames are small, and a deflate context costs more memory than a session.
    perMessageDeflate: false,
  });

  const upgraded = (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      socket.once('close', () => reject(new Error('closed before the upgrade')));
      server.handleUpgrade(request, socket, head, resolve);
    });

  function refuseHttp(socket: Duplex, error: AppError): void {
    const problem = refusals.problem(error, 'en', '');
    const body = JSON.stringify(problem);
    const later = problem.status === 503 ? `Retry-After: ${BUSY_SECONDS}\r\n` : '';
    socket.end(
      `HTTP/1.1 ${problem.status} Refused\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
        `${later}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    context.clock.after(limits.closeDeadlineMs, () => socket.destroy());
  }

  async function admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (path !== GATEWAY_PATHS.session)
      return refuseHttp(socket, new AppError('GATEWAY_NO_SUCH_PATH', { path }));
    const certificate = peerCertificate(socket);
    if (certificate === null) return refuseHttp(socket, new AppError('GATEWAY_NO_CERTIFICATE'));
    if (openingsCount >= limits.openingsMax) return refuseHttp(socket, busy());

    const address = request.socket.remoteAddress ?? '';
    openingsCount += 1;
    try {
      const identity = await enrolment.identify(certificate);
      if (identity.kind === 'refused') {
        context.log.info('refused a session', { code: identity.code, address, ...identity.details });
        const refused = await upgraded(request, socket, head);
        const last = refusals.lastFrame(identity.code, identity.details);
        return endSocket(refused, last, { clock: context.clock, deadlineMs: limits.closeDeadlineMs });
      }
      await greet(identity, { request, socket, head, address });
    } finally {
      openingsCount -= 1;
    }
  }

  async function greet(
    identity: Known,
    peer: { request: IncomingMessage; socket: Duplex; head: Buffer; address: string },
  ): Promise<void> {
    const { hostId } = identity;
    const held = openings.get(hostId) ?? 0;
    if (held >= limits.openingsPerHostMax) return refuseHttp(peer.socket, busy());
    openings.set(hostId, held + 1);
    try {
      const socket = await upgraded(peer.request, peer.socket, peer.head);
      const hello = await firstFrame(socket);
      if (hello === null) return;
      await begin(identity, { socket, hello, address: peer.address });
    } finally {
      const left = (openings.get(hostId) ?? 1) - 1;
      if (left > 0) openings.set(hostId, left);
      else openings.delete(hostId);
    }
  }

  async function begin(
    identity: Known,
    peer: { socket: WebSocket; hello: AgentFrameOf<'hello'>; address: string },
  ): Promise<void> {
    const { socket, hello, address } = peer;
    const { hostId } = identity;
    if (identity.kind === 'renew-only') {
      const { reason } = identity;
      runRenewSession(deps, limits, { socket, sessions, hostId, hello, reason }).catch((cause: unknown) =>
        context.log.error('a renewal session failed', { hostId, cause }),
      );
      return;
    }
    const generation = sessions.nextGeneration();
    await sessions.open(socket, { hostId, generation, hello, address, notAfter: identity.notAfter });
  }

  /** The hello, or null after the peer was told what is wrong with it. */
  function firstFrame(socket: WebSocket): Promise<AgentFrameOf<'hello'> | null> {
    const { promise, resolve } = Promise.withResolvers<AgentFrameOf<'hello'> | null>();
    const refuse = (code: string, details = {}): void => {
      const last = refusals.lastFrame(code, details);
      endSocket(socket, last, { clock: context.clock, deadlineMs: limits.closeDeadlineMs });
      resolve(null);
    };
    const cancel = context.clock.after(limits.helloDeadlineMs, () => refuse('GATEWAY_HELLO_LATE'));
    const receive = (data: RawData): void => {
      const parsed = parseAgentFrame(textOf(data));
      if (!parsed.ok || parsed.value.kind !== 'hello') {
        return refuse('GATEWAY_HOSTILE_AGENT', { count: 1 });
      }
      if (parsed.value.protocol !== PROTOCOL_VERSION) {
        const versions = { spoken: parsed.value.protocol, served: PROTOCOL_VERSION };
        return refuse('GATEWAY_PROTOCOL_VERSION', versions);
      }
      resolve(parsed.value);
    };
    const closed = (): void => resolve(null);
    // Errors end in a close, which is what is acted on; without a listener they would end the process.
    socket.on('error', (cause) => context.log.debug('a session broke', { cause }));
    socket.once('message', receive);
    socket.once('close', closed);
    return promise.finally(() => {
      cancel();
      socket.off('message', receive);
      socket.off('close', closed);
    });
  }

  return {
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      socket.on('error', (cause) => context.log.debug('a connection broke', { cause }));
      admit(request, socket, head).catch((cause: unknown) => {
        context.log.debug('an upgrade failed', { cause });
        socket.destroy();
      });
    },
  };
}

const busy = (): AppError => new AppError('GATEWAY_BUSY', { seconds: BUSY_SECONDS });
