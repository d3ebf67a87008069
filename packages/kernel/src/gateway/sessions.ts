import { absurd } from '@pilothouse/base';
import { type HostId, isAppError, TIME_TAG, toTimestamp } from '@pilothouse/contract';
import type { AgentFrame, AgentFrameOf, ServerFrame, ServerFrameOf } from '@pilothouse/wire';
import { AgentSession, endSocket, type SessionEvents, type SessionStart } from './agent-session.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import { createHostFindings, type HostFindings } from './host-findings.ts';
import { KeyedQueue } from './keyed-queue.ts';
import type { GatewayLimits } from './limits.ts';
import { RecentRevocations } from './recent-revocations.ts';
import type { Refusals } from './refusals.ts';
import type { GatewayService, OpenSession, OutgoingFrame, SessionListener } from './service.ts';
import type { SessionSocket } from './session-socket.ts';
import { SessionTable } from './session-table.ts';
import { Turns } from './turns.ts';

/** Frames to many sessions between two looks at the sockets: a few milliseconds. */
const SENDS_PER_TURN = 64;
/** What a host did wrong when its renewal is refused with this code. */
const RENEWAL_PROBLEMS: Readonly<Record<string, string>> = {
  ENROL_CSR_INVALID: 'csr',
  ENROL_RENEWED_TOO_OFTEN: 'too-many-renewals',
};

type TimeFrame = Omit<ServerFrameOf<'time'>, 'generation'>;

/** Live sessions: who is welcomed, what becomes of each frame, and when a session ends. */
export class Sessions implements GatewayService {
  readonly #deps: GatewayDeps;
  readonly #limits: GatewayLimits;
  readonly #refusals: Refusals;
  readonly #findings: HostFindings;
  readonly #table: SessionTable;
  readonly #events: SessionEvents;
  readonly #listeners: SessionListener[] = [];
  readonly #turns: Turns;
  readonly #presence = new KeyedQueue();
  /** Hosts that have left, and the store did not take it. Tried again by the sweep. */
  readonly #unnoted = new Set<HostId>();
  /** Hosts refused for breaking the protocol, until when. Emptied by the sweep. */
  readonly #coolOff = new Map<HostId, number>();
  /** For who is being looked up: a host that is revoked from then on opens no session. */
  readonly revocations = new RecentRevocations();
  readonly #stops: (() => void)[];
  #generation = 0;
  #time: TimeFrame | null = null;
  /** Of the checkpoint that every open session was told. */
  #toldSequence = -1;

  constructor(deps: GatewayDeps, limits: GatewayLimits, refusals: Refusals) {
    const { clock } = deps.context;
    this.#deps = deps;
    this.#limits = limits;
    this.#refusals = refusals;
    this.#turns = new Turns(clock);
    this.#findings = createHostFindings(deps, limits);
    this.#table = new SessionTable({
      clock,
      challengeDeadlineMs: limits.challengeDeadlineMs,
      onClone: (seen) => this.#findings.clone(seen),
    });
    this.#events = {
      frame: (session, frame) => this.#frame(session, frame),
      broken: (session, problem) => this.#broken(session, problem),
      closed: (session) => this.#closed(session),
    };
    this.#stops = [
      clock.every(limits.sweepIntervalMs, () => this.#sweep()),
      clock.every(limits.timeIntervalMs, () => this.#sendTime()),
      deps.enrolment.onRevoked((hostId, code) => this.#revoke(hostId, code)),
      deps.enrolment.onTrust(() => {
        // The sessions' own versions are not kept: agents ignore bundles that they have.
        this.#toAll((session) => this.#sendTrust(session));
      }),
      deps.hosts.onChange(({ before, after }) => {
        if (before?.state === 'quarantined' && after?.state === 'active') this.#table.forgive(before.id);
      }),
    ];
  }

  get sessionsCount(): number {
    return this.#table.count;
  }

  send(hostId: HostId, frame: OutgoingFrame): 'sent' | 'offline' | 'full' {
    const session = this.#table.current(hostId);
    if (session === null) return 'offline';
    if (frame.kind === 'offer' && this.#deps.hosts.index.get(hostId)?.state !== 'active') return 'offline';
    return session.send(frame);
  }

  session(hostId: HostId): OpenSession | null {
    return this.#table.current(hostId);
  }

  listen(listener: SessionListener): void {
    this.#listeners.push(listener);
  }

  cut(hostId: HostId, code: string): void {
    const last = this.#refusals.lastFrame(code, { hostId });
    for (const session of this.#table.of(hostId)) session.end(last);
  }

  suspect(hostId: HostId, problem: string): void {
    const session = this.#table.current(hostId);
    if (session !== null) this.#broken(session, problem);
  }

  /** Numbers only grow, across restarts too: a late frame of an old session never fits a new one. */
  nextGeneration(): number {
    this.#generation = Math.max(this.#generation + 1, this.#deps.context.clock.now());
    return this.#generation;
  }

  /** Signed once a minute for all. */
  timeFrame(): TimeFrame {
    this.#time ??= this.#signTime();
    return this.#time;
  }

  /** Resolves after the welcome, or when there will be none. */
  async open(socket: SessionSocket, start: SessionStart): Promise<void> {
    const { context, hosts, facts } = this.#deps;
    const { clock } = context;
    const coolMs = Math.ceil((this.#coolOff.get(start.hostId) ?? 0) - clock.monotonic());
    if (coolMs > 0) {
      const comeBack: ServerFrame = { kind: 'come-back', afterMs: coolMs };
      return endSocket(socket, comeBack, { clock, deadlineMs: this.#limits.closeDeadlineMs });
    }
    const revoked = this.revocations.since(start.opening, start.hostId);
    if (revoked !== null)
      return endSocket(socket, revoked, { clock, deadlineMs: this.#limits.closeDeadlineMs });
    const world = { clock, limits: this.#limits, events: this.#events, turns: this.#turns };
    const session = new AgentSession(socket, start, world);
    const { hello, hostId, address } = session;
    const old = this.#table.take(session);
    if (old !== null) this.#tell((listener) => listener.closed?.(old));
    await this.#presence.run(hostId, () =>
      hosts.sessionOpened(hostId, {
        address,
        name: hello.hostName,
        arch: hello.arch,
        agentVersion: hello.agentVersion,
        bootId: hello.bootId,
      }),
    );
    if (!this.#isCurrent(session) || !session.isOpen) return;
    session.send({
      kind: 'welcome',
      hostId,
      serverTime: toTimestamp(clock.now()),
      heartbeatIntervalMs: this.#limits.heartbeatIntervalMs,
      knownFacts: facts.knownDigests(hostId),
    });
    this.#table.welcomed(session);
    session.send(this.timeFrame());
    this.#sendTrust(session);
    // After the trust that holds the key it is signed with.
    this.#sendCheckpoint(session);
    this.#findings.clock(session, hello.clock);
    this.#tell((listener) => listener.opened?.(session));
  }

  async outputBody(hostId: HostId, digest: string, body: Uint8Array): Promise<void> {
    for (const listener of this.#listeners) await listener.outputBody?.(hostId, digest, body);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#turns.finish();
    const last: ServerFrame = { kind: 'come-back', afterMs: this.#limits.restartMs };
    const open = [...this.#table.all()];
    for (const session of open) session.end(last);
    // The store closes after this room, so presence is written now and not when the peer has answered.
    for (const session of open) this.#closed(session);
    await this.#presence.idle();
  }

  /** Its sessions end; one that was looked up before, and has not said hello yet, does not begin. */
  #revoke(hostId: HostId, code: string): void {
    const revokedAt = toTimestamp(this.#deps.context.clock.now());
    const last = this.#refusals.lastFrame(code, { hostId, revokedAt });
    this.revocations.note(hostId, last);
    for (const session of this.#table.of(hostId)) session.end(last);
  }

  #frame(session: AgentSession, frame: AgentFrame): void {
    if (!this.#isCurrent(session)) {
      if (frame.kind === 'challenge-answer') this.#table.answer(session, frame);
      return;
    }
    this.#handle(session, frame);
    this.#tell((listener) => listener.frame?.(session, frame));
  }

  /** What the gateway itself does with a frame; listeners see each of them afterwards. */
  #handle(session: AgentSession, frame: AgentFrame): void {
    const { hosts, enrolment } = this.#deps;
    const { hostId } = session;
    switch (frame.kind) {
      case 'heartbeat':
        hosts.heartbeat(hostId, frame.vitals);
        this.#findings.peace(session);
        return this.#findings.clock(session, frame.clock);
      case 'facts':
        return this.#inBackground('take facts', session, session.during(this.#report(session, frame)));
      case 'challenge-answer':
        return this.#table.answer(session, frame);
      case 'renew':
        return this.#inBackground('renew', session, session.during(this.#renew(session, frame)));
      case 'collected':
        return this.#inBackground('note what was collected', session, this.#collected(session, frame));
      case 'trust-adopted':
        return this.#inBackground('note trust', session, enrolment.noteTrust(hostId, frame.version));
      case 'hello':
      case 'accepted':
      case 'started':
      case 'output':
      case 'outcome':
      case 'probe-result':
      case 'task-word':
      case 'hold-changed':
        return;
      default:
        return absurd(frame);
    }
  }

  async #report(session: AgentSession, frame: AgentFrameOf<'facts'>): Promise<void> {
    if (session.countReport()) return this.#broken(session, 'fact-flood');
    const collectedAt = Date.parse(frame.collectedAt);
    const { reports, bodies } = frame;
    const digests = await this.#deps.facts.report(session.hostId, reports, collectedAt, bodies);
    if (digests.length > 0) session.send({ kind: 'facts-wanted', digests });
  }

  /** After the reports that came before it, which are being stored. */
  async #collected(session: AgentSession, { askId }: AgentFrameOf<'collected'>): Promise<void> {
    await session.settled();
    this.#tell((listener) => listener.collected?.(session, askId));
  }

  async #renew(session: AgentSession, frame: AgentFrameOf<'renew'>): Promise<void> {
    try {
      const renewed = await this.#deps.enrolment.renew(session.hostId, frame.csr);
      session.notAfter = renewed.notAfter;
      session.send({ kind: 'certificate', chain: renewed.chain });
    } catch (cause) {
      const problem = isAppError(cause) ? RENEWAL_PROBLEMS[cause.code] : undefined;
      if (problem === undefined) throw cause;
      this.#broken(session, problem);
    }
  }

  #broken(session: AgentSession, problem: string): void {
    session.protocolErrors += 1;
    if (session.protocolErrors !== this.#limits.protocolErrorsMax) return;
    const until = this.#deps.context.clock.monotonic() + this.#limits.hostileCoolOffMs;
    this.#coolOff.set(session.hostId, until);
    this.#findings.hostile(session, problem);
    session.end(this.#refusals.lastFrame('GATEWAY_HOSTILE_AGENT', { count: session.protocolErrors }));
  }

  #closed(session: AgentSession): void {
    if (!this.#table.drop(session)) return;
    const { hostId } = session;
    this.#tell((listener) => listener.closed?.(session));
    this.#noteLeft(hostId).catch((cause: unknown) =>
      this.#deps.context.log.error('note a closed session', { hostId, cause }),
    );
  }

  /** A host that has left and stayed online in the store would be believed to be there until it comes back. */
  async #noteLeft(hostId: HostId): Promise<void> {
    try {
      await this.#presence.run(hostId, async () => {
        // A new session may have come while the line before this one was being written.
        if (this.#table.current(hostId) === null) await this.#deps.hosts.sessionClosed(hostId);
      });
    } catch (cause) {
      this.#unnoted.add(hostId);
      throw cause;
    }
  }

  #sweep(): void {
    const { clock } = this.#deps.context;
    const now = clock.monotonic();
    for (const session of this.#table.all()) {
      if (!session.isHeld && now - session.lastFrameAt > this.#limits.silenceMaxMs) session.cut();
      else if (session.notAfter <= clock.now()) {
        session.end(this.#refusals.lastFrame('GATEWAY_CERTIFICATE_EXPIRED'));
      }
    }
    for (const [hostId, until] of this.#coolOff) if (until <= now) this.#coolOff.delete(hostId);
    const unnoted = [...this.#unnoted];
    this.#unnoted.clear();
    // Why it could not be noted was said the first time.
    for (const hostId of unnoted) this.#noteLeft(hostId).catch(() => undefined);
  }

  #signTime(): TimeFrame {
    const { context, enrolment } = this.#deps;
    const serverTime = toTimestamp(context.clock.now());
    const { keyId, value } = enrolment.signer.sign(TIME_TAG, serverTime);
    return { kind: 'time', serverTime, keyId, signature: value };
  }

  #sendTime(): void {
    const time = this.#signTime();
    this.#time = time;
    this.#toAll((session) => session.send(time));
    // With the time, so that a busy log costs each session one checkpoint a minute at most.
    const sequence = this.#deps.latestCheckpoint()?.sequence ?? -1;
    if (sequence === this.#toldSequence) return;
    this.#toldSequence = sequence;
    this.#toAll((session) => this.#sendCheckpoint(session));
  }

  /** To all who are connected now, a few at a time: ten thousand sends in one go would hold everybody up for half a second. */
  #toAll(say: (session: AgentSession) => void): void {
    const waiting = [...this.#table.all()];
    const next = (): void => {
      for (const session of waiting.splice(-SENDS_PER_TURN)) say(session);
      if (waiting.length > 0) setImmediate(next);
    };
    next();
  }

  #sendCheckpoint(session: AgentSession): void {
    const checkpoint = this.#deps.latestCheckpoint();
    if (checkpoint !== null) session.send({ kind: 'checkpoint', checkpoint });
  }

  #sendTrust(session: AgentSession): void {
    const bundles = this.#deps.enrolment.trustBundles(session.hello.trustVersion);
    if (bundles.length > 0) session.send({ kind: 'trust', bundles: [...bundles] });
  }

  #isCurrent(session: AgentSession): boolean {
    return this.#table.current(session.hostId) === session;
  }

  /** A listener that fails harms neither the session nor the other listeners. */
  #tell(call: (listener: SessionListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        call(listener);
      } catch (cause) {
        this.#deps.context.log.error('a listener of sessions failed', { cause });
      }
    }
  }

  #inBackground(text: string, session: AgentSession, work: Promise<void>): void {
    work.catch((cause: unknown) => this.#deps.context.log.error(text, { hostId: session.hostId, cause }));
  }
}
