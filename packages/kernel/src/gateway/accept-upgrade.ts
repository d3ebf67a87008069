import { AppError } from '@pilothouse/contract';
import { type AgentFrameOf, GATEWAY_PATHS, PROTOCOL_VERSION, parseAgentFrame } from '@pilothouse/wire';
import type { RawData } from 'ws';
import type { PeerIdentity } from '../enrolment/index.ts';
import { endSocket, textOf } from './agent-session.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import type { GatewayLimits } from './limits.ts';
import type { Opening } from './recent-revocations.ts';
import type { Refusals } from './refusals.ts';
import { runRenewSession } from './renew-session.ts';
import type { Arrival, SessionSocket } from './session-socket.ts';
import type { Sessions } from './sessions.ts';
import { BUSY_SECONDS, Slots } from './slots.ts';

/** What every part of the gateway works with. */
export interface Desk {
  readonly deps: GatewayDeps;
  readonly limits: GatewayLimits;
  readonly sessions: Sessions;
  readonly refusals: Refusals;
}

type Known = Exclude<PeerIdentity, { kind: 'refused' }>;

/**
 * Takes agents from the upgrade to a session. Whoever comes is looked up in turn, and holds a place of that line for no longer.
 * From then on it is known, and one host opens at most two sessions at once: neither strangers nor a host that is slow to
 * say hello keep the others out.
 */
export function createUpgradeDesk(desk: Desk) {
  const { context } = desk.deps;
  const slots = new Slots();

  async function admit(arrival: Arrival): Promise<void> {
    const certificate = certificateFor(arrival);
    const { revocations } = desk.sessions;
    const opening = revocations.begin();
    try {
      await lookUp(arrival, certificate, opening);
    } finally {
      revocations.end(opening);
    }
  }

  async function lookUp(arrival: Arrival, certificate: Uint8Array, opening: Opening): Promise<void> {
    const { address } = arrival;
    const line = { max: desk.limits.lookupsInFlightMax, waitingMax: desk.limits.lookupsWaitingMax };
    const identity = await slots.inTurn('lookups', line, () => desk.deps.enrolment.identify(certificate));
    if (identity.kind === 'refused') {
      const { code, details } = identity;
      context.log.info('refused a session', { code, address, ...details });
      return refuse(desk, await arrival.accept(), { code, details });
    }
    await slots.within(identity.hostId, desk.limits.openingsPerHostMax, async () => {
      await greet(desk, identity, { socket: await arrival.accept(), address, opening });
    });
  }

  return {
    arrived(arrival: Arrival): void {
      admit(arrival).catch((cause: unknown) => {
        context.log.debug('an upgrade failed', { cause });
        if (cause instanceof AppError) arrival.refuse(refusalText(desk, cause));
        else arrival.drop();
      });
    },
  };
}

function certificateFor({ path, certificate }: Arrival): Uint8Array {
  if (path !== GATEWAY_PATHS.session) throw new AppError('GATEWAY_NO_SUCH_PATH', { path });
  if (certificate === null) throw new AppError('GATEWAY_NO_CERTIFICATE');
  return certificate;
}

async function greet(
  desk: Desk,
  identity: Known,
  peer: { readonly socket: SessionSocket; readonly address: string; readonly opening: Opening },
): Promise<void> {
  const { socket, address, opening } = peer;
  const { hostId } = identity;
  const hello = await firstFrame(desk, socket);
  if (hello === null) return;
  if (identity.kind === 'renew-only') {
    const { reason } = identity;
    runRenewSession(desk, { socket, hostId, hello, reason }).catch((cause: unknown) =>
      desk.deps.context.log.error('a renewal session failed', { hostId, cause }),
    );
    return;
  }
  const generation = desk.sessions.nextGeneration();
  const { notAfter } = identity;
  await desk.sessions.open(socket, { hostId, generation, hello, address, notAfter, opening });
}

/** The hello, or null after the peer was told what is wrong with it. */
function firstFrame(desk: Desk, socket: SessionSocket): Promise<AgentFrameOf<'hello'> | null> {
  const { context } = desk.deps;
  const { promise, resolve } = Promise.withResolvers<AgentFrameOf<'hello'> | null>();
  const refuseWith = (code: string, details = {}): void => {
    refuse(desk, socket, { code, details });
    resolve(null);
  };
  const cancel = context.clock.after(desk.limits.helloDeadlineMs, () => refuseWith('GATEWAY_HELLO_LATE'));
  const receive = (data: RawData): void => {
    const parsed = parseAgentFrame(textOf(data));
    if (!parsed.ok || parsed.value.kind !== 'hello') {
      return refuseWith('GATEWAY_HOSTILE_AGENT', { count: 1 });
    }
    const spoken = parsed.value.protocol;
    if (spoken !== PROTOCOL_VERSION) {
      return refuseWith('GATEWAY_PROTOCOL_VERSION', { spoken, served: PROTOCOL_VERSION });
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

/** Refuses in the protocol, so that the agent can tell a person why. */
function refuse(
  desk: Desk,
  socket: SessionSocket,
  why: { readonly code: string; readonly details: Readonly<Record<string, unknown>> },
): void {
  const last = desk.refusals.lastFrame(why.code, why.details);
  endSocket(socket, last, { clock: desk.deps.context.clock, deadlineMs: desk.limits.closeDeadlineMs });
}

/** What a peer is told before its WebSocket is open. */
function refusalText(desk: Desk, error: AppError): string {
  const problem = desk.refusals.problem(error, 'en', '');
  const body = JSON.stringify(problem);
  const later = problem.status === 503 ? `Retry-After: ${BUSY_SECONDS}\r\n` : '';
  return (
    `HTTP/1.1 ${problem.status} Refused\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
    `${later}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
