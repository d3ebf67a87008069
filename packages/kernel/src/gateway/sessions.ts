/** Live sessions: who is welcomed, what becomes of each frame, and when a session ends. */
import { absurd } from '@pilothouse/base';
import { type HostId, isAppError, TIME_TAG, toTimestamp } from '@pilothouse/contract';
import type { AgentFrame, AgentFrameOf, ServerFrame, ServerFrameOf } from '@pilothouse/wire';
import type { WebSocket } from 'ws';
import { AgentSession, endSocket, type SessionEvents, type SessionStart } from './agent-session.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import { createHostFindings } from './host-findings.ts';
import { KeyedQueue } from './keyed-queue.ts';
import type { GatewayLimits } from './limits.ts';
import type { Refusals } from './problem-answer.ts';
import type { GatewayService, SessionListener } from './service.ts';
import { SessionTable } from './session-table.ts';

export interface Sessions {
  readonly service: GatewayService;
  /** Numbers only grow, across restarts too: a late frame of an old session never fits a new one. */
  nextGeneration(): number;
  /** Resolves after the welcome. */
  open(socket: WebSocket, start: SessionStart): Promise<void>;
  outputBody(hostId: HostId, digest: string, body: Uint8Array): Promise<void>;
  /** The time frame, signed once a minute for all. */
  timeFrame(): Omit<ServerFrameOf<'time'>, 'generation'>;
  close(): Promise<void>;
}

export function createSessions(deps: GatewayDeps, limits: GatewayLimits, refusals: Refusals): Sessions {
  const { context, enrolment, hosts, facts } = deps;
  const { clock, log } = context;
  const findings = createHostFindings(deps, limits);
  const listeners: SessionListener[] = [];
  const presence = new KeyedQueue();
  /** Hosts refused for breaking the protocol, until when. Emptied by the sweep. */
  const coolOff = new Map<HostId, number>();
  const table = new SessionTable({
    clock,
    challengeDeadlineMs: limits.challengeDeadlineMs,
    onClone: (seen) => findings.clone(seen),
  });
  let generation = 0;
  let time: Omit<ServerFrameOf<'time'>, 'generation'> | null = null;

  const tell = (call: (listener: SessionListener) => void): void => {
    for (const listener of listeners) {
      try {
        call(listener);
      } catch (cause) {
        log.error('a listener of sessions failed', { cause });
      }
    }
  };
  const isCurrent = (session: AgentSession): boolean => table.current(session.hostId) === session;
  const inBackground = (text: string, session: AgentSession, work: Promise<void>): void => {
    work.catch((cause: unknown) => log.error(text, { hostId: session.hostId, cause }));
  };

  function signTime(): Omit<ServerFrameOf<'time'>, 'generation'> {
    const serverTime = toTimestamp(clock.now());
    const { keyId, value } = enrolment.signer.sign(TIME_TAG, serverTime);
    return { kind: 'time', serverTime, keyId, signature: value };
  }

  function sendTrust(session: AgentSession, version: number): void {
    const bundles = enrolment.trustBundles(version);
    if (bundles.length > 0) session.send({ kind: 'trust', bundles: [...bundles] });
  }

  async function report(session: AgentSession, frame: AgentFrameOf<'facts'>): Promise<void> {
    const digests = await facts.report(session.hostId, frame.reports, Date.parse(frame.collectedAt));
    if (digests.length > 0) session.send({ kind: 'facts-wanted', digests });
  }

  async function renew(session: AgentSession, frame: AgentFrameOf<'renew'>): Promise<void> {
    session.renewals += 1;
    if (session.renewals > limits.renewalsPerSessionMax) return events.broken(session, 'too-many-renewals');
    try {
      const renewed = await enrolment.renew(session.hostId, frame.csr);
      session.notAfter = renewed.notAfter;
      session.send({ kind: 'certificate', chain: renewed.chain });
    } catch (cause) {
      if (!isAppError(cause) || cause.code !== 'ENROL_CSR_INVALID') throw cause;
      events.broken(session, 'csr');
    }
  }

  /** What the gateway itself does with a frame; listeners see each of them afterwards. */
  function handle(session: AgentSession, frame: AgentFrame): void {
    switch (frame.kind) {
      case 'heartbeat':
        hosts.heartbeat(session.hostId, frame.vitals);
        return findings.clock(session, frame.clock);
      case 'facts':
        return inBackground('take facts', session, session.during(report(session, frame)));
      case 'renew':
        return inBackground('renew a certificate', session, session.during(renew(session, frame)));
      case 'trust-adopted':
        return inBackground(
          'note adopted trust',
          session,
          enrolment.noteTrust(session.hostId, frame.version),
        );
      case 'hello':
      case 'accepted':
      case 'started':
      case 'output':
      case 'outcome':
      case 'challenge-answer':
      case 'hold-changed':
        return;
      default:
        return absurd(frame);
    }
  }

  const events: SessionEvents = {
    frame(session, frame) {
      if (!isCurrent(session)) {
        if (frame.kind === 'challenge-answer') table.answer(session, frame);
        return;
      }
      handle(session, frame);
      tell((listener) => listener.frame?.(session, frame));
    },
    broken(session, problem) {
      session.protocolErrors += 1;
      if (session.protocolErrors !== limits.protocolErrorsMax) return;
      coolOff.set(session.hostId, clock.monotonic() + limits.hostileCoolOffMs);
      findings.hostile(session, problem);
      session.end(refusals.lastFrame('GATEWAY_HOSTILE_AGENT', { count: session.protocolErrors }));
    },
    closed(session) {
      if (!table.drop(session)) return;
      tell((listener) => listener.closed?.(session));
      const close = presence.run(session.hostId, async () => {
        // A new session may have come while the line before this one was being written.
        if (table.current(session.hostId) === null) await hosts.sessionClosed(session.hostId);
      });
      inBackground('note a closed session', session, close);
    },
  };

  async function open(socket: WebSocket, start: SessionStart): Promise<void> {
    const coolUntil = coolOff.get(start.hostId) ?? 0;
    const coolMs = Math.ceil(coolUntil - clock.monotonic());
    if (coolMs > 0) {
      const comeBack: ServerFrame = { kind: 'come-back', afterMs: coolMs };
      return endSocket(socket, comeBack, { clock, deadlineMs: limits.closeDeadlineMs });
    }
    const session = new AgentSession(socket, start, { clock, limits, events });
    const { hello, hostId } = session;
    const old = table.take(session);
    if (old !== null) tell((listener) => listener.closed?.(old));
    await presence.run(hostId, () =>
      hosts.sessionOpened(hostId, {
        address: session.address,
        name: hello.hostName,
        arch: hello.arch,
        agentVersion: hello.agentVersion,
        bootId: hello.bootId,
      }),
    );
    if (!isCurrent(session) || !session.isOpen) return;
    session.send({
      kind: 'welcome',
      hostId,
      serverTime: toTimestamp(clock.now()),
      heartbeatIntervalMs: limits.heartbeatIntervalMs,
      knownFacts: facts.knownDigests(hostId),
    });
    session.send(timeFrame());
    sendTrust(session, hello.trustVersion);
    findings.clock(session, hello.clock);
    tell((listener) => listener.opened?.(session));
  }

  function timeFrame(): Omit<ServerFrameOf<'time'>, 'generation'> {
    time ??= signTime();
    return time;
  }

  function cut(hostId: HostId, code: string): void {
    const last = refusals.lastFrame(code, { hostId, revokedAt: toTimestamp(clock.now()) });
    for (const session of table.all()) if (session.hostId === hostId) session.end(last);
  }

  function sweep(): void {
    const now = clock.monotonic();
    for (const session of table.all()) {
      if (!session.isHeld && now - session.lastFrameAt > limits.silenceMaxMs) session.cut();
      else if (session.notAfter <= clock.now())
        session.end(refusals.lastFrame('GATEWAY_CERTIFICATE_EXPIRED'));
    }
    for (const [hostId, until] of coolOff) if (until <= now) coolOff.delete(hostId);
  }

  const stops = [
    clock.every(limits.sweepIntervalMs, sweep),
    clock.every(limits.timeIntervalMs, () => {
      time = signTime();
      for (const session of table.all()) session.send(time);
    }),
    enrolment.onRevoked(cut),
    enrolment.onTrust(() => {
      // The sessions' own versions are not kept: agents ignore bundles that they have.
      for (const session of table.all()) sendTrust(session, session.hello.trustVersion);
    }),
    hosts.onChange(({ before, after }) => {
      if (before?.state === 'quarantined' && after?.state === 'active') table.forgive(before.id);
    }),
  ];

  return {
    service: {
      send(hostId, frame) {
        const session = table.current(hostId);
        if (session === null) return 'offline';
        if (frame.kind === 'offer' && hosts.index.get(hostId)?.state !== 'active') return 'offline';
        return session.send(frame);
      },
      session: (hostId) => table.current(hostId),
      listen: (listener) => listeners.push(listener),
      cut,
      get sessionsCount() {
        return table.count;
      },
    },
    nextGeneration() {
      generation = Math.max(generation + 1, clock.now());
      return generation;
    },
    open,
    async outputBody(hostId, digest, body) {
      for (const listener of listeners) await listener.outputBody?.(hostId, digest, body);
    },
    timeFrame,
    async close() {
      for (const stop of stops) stop();
      for (const session of table.all()) session.end(refusals.lastFrame('GATEWAY_SESSION_REPLACED'));
      for (const session of table.all()) session.cut();
      await presence.idle();
    },
  };
}
