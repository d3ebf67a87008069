import type { Clock } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import { type AgentFrame, type AgentFrameOf, parseAgentFrame, type ServerFrame } from '@pilothouse/wire';
import type { RawData } from 'ws';
import type { GatewayLimits } from './limits.ts';
import { Pace } from './pace.ts';
import type { Opening } from './recent-revocations.ts';
import type { OpenSession, OutgoingFrame } from './service.ts';
import type { SessionSocket } from './session-socket.ts';
import type { Turns } from './turns.ts';

/** What a session tells the one who owns it. */
export interface SessionEvents {
  frame(session: AgentSession, frame: AgentFrame): void;
  /** A frame that is none, or one of a kind that has no place here. */
  broken(session: AgentSession, problem: string): void;
  closed(session: AgentSession): void;
}

export interface SessionStart {
  readonly hostId: HostId;
  readonly generation: number;
  readonly hello: AgentFrameOf<'hello'>;
  readonly address: string;
  /** When the certificate that opened it expires; moves with a renewal. */
  readonly notAfter: number;
  readonly opening: Opening;
}

/**
 * One connection of one host after its hello: reads frames at a bounded pace, drops those of another generation, and sends
 * as much as fits into a bounded buffer. Knows nothing of other sessions.
 */
export class AgentSession implements OpenSession {
  readonly hostId: HostId;
  readonly generation: number;
  readonly hello: AgentFrameOf<'hello'>;
  readonly address: string;
  notAfter: number;
  /** Monotonic milliseconds. */
  readonly openedAt: number;
  /** Monotonic milliseconds of the last frame. */
  lastFrameAt: number;
  protocolErrors = 0;
  staleFrames = 0;
  isSkewed: boolean | null = null;
  /** It was said that it keeps to the protocol. */
  isAtPeace = false;
  readonly #socket: SessionSocket;
  readonly #clock: Clock;
  readonly #limits: GatewayLimits;
  readonly #events: SessionEvents;
  readonly #turns: Turns;
  readonly #pace: Pace;
  readonly #reports: Pace;
  #isClosed = false;
  /** Reasons for which nothing is read right now. */
  #holds = 0;
  #work = 0;
  /** Resolves when all work so far has ended, well or not. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    socket: SessionSocket,
    start: SessionStart,
    world: {
      readonly clock: Clock;
      readonly limits: GatewayLimits;
      readonly events: SessionEvents;
      readonly turns: Turns;
    },
  ) {
    const { clock, limits, turns } = world;
    this.hostId = start.hostId;
    this.generation = start.generation;
    this.hello = start.hello;
    this.address = start.address;
    this.notAfter = start.notAfter;
    this.openedAt = clock.monotonic();
    this.lastFrameAt = this.openedAt;
    this.#socket = socket;
    this.#clock = clock;
    this.#limits = limits;
    this.#events = world.events;
    this.#turns = turns;
    this.#pace = new Pace({
      perSecond: limits.receiveBytesPerSecond,
      burst: limits.receiveBurstBytes,
      nowMs: clock.monotonic(),
    });
    this.#reports = new Pace({
      perSecond: limits.reportsPerSecond,
      burst: limits.reportsBurst,
      nowMs: clock.monotonic(),
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // A control frame is answered by the library; it costs its sender like any other frame.
    socket.on('ping', () => this.#spend(0));
    socket.on('close', () => turns.take(0, () => this.#closeOnce()));
    // After a broken frame the library says why and waits for the peer's answer; ours waits not long.
    socket.on('error', () => this.#clock.after(this.#limits.closeDeadlineMs, () => this.cut()));
    if (socket.readyState !== socket.OPEN) queueMicrotask(() => this.#closeOnce());
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.#socket.readyState === this.#socket.OPEN;
  }

  /** Nothing is read from it just now, so its silence says nothing. */
  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** full: too much is unsent already, and nothing was added. */
  send(frame: OutgoingFrame): 'sent' | 'offline' | 'full' {
    const { kind, ...rest } = frame;
    const text = JSON.stringify({ kind, generation: this.generation, ...rest });
    return this.sendText(text);
  }

  sendText(text: string): 'sent' | 'offline' | 'full' {
    if (!this.isOpen) return 'offline';
    if (this.#socket.bufferedAmount + text.length > this.#limits.sendBufferBytesMax) return 'full';
    this.#socket.send(text);
    return 'sent';
  }

  /** Says why and closes; a peer that does not answer is cut. */
  end(last: ServerFrame | null): void {
    if (!this.isOpen) return;
    endSocket(this.#socket, last, { clock: this.#clock, deadlineMs: this.#limits.closeDeadlineMs });
  }

  cut(): void {
    this.#socket.terminate();
  }

  /** True when there were so many that the facts of a host cannot really have changed as often. */
  countReport(): boolean {
    return this.#reports.take(1, this.#clock.monotonic()) > 0;
  }

  /** Stops reading while too much work of this session is under way. */
  async during(work: Promise<void>): Promise<void> {
    this.#work += 1;
    this.#tail = Promise.allSettled([this.#tail, work]);
    const isHeld = this.#work === this.#limits.reportsInFlightMax;
    if (isHeld) this.#hold();
    try {
      await work;
    } finally {
      this.#work -= 1;
      if (isHeld) this.#release();
    }
  }

  async settled(): Promise<void> {
    await this.#tail;
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#isClosed) return;
    const text = isBinary ? null : textOf(data);
    const sizeBytes = text?.length ?? 0;
    this.#spend(sizeBytes);
    this.#turns.take(sizeBytes, () => this.#read(text));
  }

  /** Null: it was no text. */
  #read(text: string | null): void {
    if (this.#isClosed) return;
    if (text === null) return this.#events.broken(this, 'binary');
    const parsed = parseAgentFrame(text);
    if (!parsed.ok) return this.#events.broken(this, parsed.error);
    const frame = parsed.value;
    if (frame.kind === 'hello') return this.#events.broken(this, 'second-hello');
    if (frame.generation !== this.generation) {
      this.staleFrames += 1;
      return;
    }
    this.lastFrameAt = this.#clock.monotonic();
    this.#events.frame(this, frame);
  }

  #spend(sizeBytes: number): void {
    const cost = Math.max(sizeBytes, this.#limits.receiveFrameBytesMin);
    const waitMs = this.#pace.take(cost, this.#clock.monotonic());
    if (waitMs === 0 || this.#holds > 0) return;
    this.#hold();
    this.#clock.after(waitMs, () => this.#release());
  }

  #hold(): void {
    this.#holds += 1;
    if (this.isOpen) this.#socket.pause();
  }

  #release(): void {
    this.#holds -= 1;
    if (this.#holds === 0 && this.isOpen) this.#socket.resume();
  }

  #closeOnce(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events.closed(this);
  }
}

export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}

/** Sends a last frame, closes, and cuts a peer that does not answer the close. */
export function endSocket(
  socket: SessionSocket,
  last: ServerFrame | null,
  options: { readonly clock: Clock; readonly deadlineMs: number },
): void {
  if (last !== null) socket.send(JSON.stringify(last));
  socket.close(1000);
  const cancel = options.clock.after(options.deadlineMs, () => socket.terminate());
  socket.once('close', cancel);
}
