/**
 * One agent of the simulated fleet: the real protocol over real TLS with its own certificate, and no host behind it. It
 * keeps a journal in memory, so a dropped connection loses nothing; `restart()` is what a kill -9 would be.
 */
import { backoffMs } from '@pilothouse/base';
import {
  canonicalJson,
  digestOfText,
  EnvelopePayload,
  type TaskOutcome,
  toTimestamp,
} from '@pilothouse/contract';
import { type AgentFrame, parseServerFrame, type ServerFrame, type ServerFrameOf } from '@pilothouse/wire';
import { WebSocket } from 'ws';
import type { Behaviour } from './behaviour.ts';
import { bodiesAlong, bodiesWanted, reportsOf, type SimulatedFacts } from './simulated-facts.ts';
import type { SimulatedIdentity } from './simulated-identity.ts';
import { SimulatedLink } from './simulated-link.ts';

export interface SimulatedAgentOptions {
  readonly identity: SimulatedIdentity;
  readonly hostName: string;
  readonly behaviour: Behaviour;
  /** Digests of the parameter schemas it says it can carry out, by action. */
  readonly actions: Readonly<Record<string, string>>;
  readonly heartbeatIntervalMs?: number;
  /** Source address of its connections: one has some 28,000 ports. */
  readonly localAddress?: string;
  /** What it reports after each welcome; none by default. */
  readonly facts?: SimulatedFacts;
  /** Reads what an offer holds; the whole of it by default. A large fleet shares its cores with the server it measures. */
  readonly readPayload?: (text: string) => void;
  /** The server has committed an outcome. */
  readonly saved?: (taskId: string) => void;
  /** All bodies that the server asked for are there. */
  readonly uploaded?: () => void;
  /** It begins to carry a task out, and later ends it or dies over it. */
  readonly performs?: (taskId: string, isUnderWay: boolean) => void;
}

/** As the real agent: a task that ends within this time says only how it ended. */
const FIRST_WORD_MS = 100;
const UPLOAD_AGAIN_MS = 15_000;
/** As the real agent waits. */
const BACKOFF = { firstMs: 1_000, maxMs: 20_000 } as const;
const COME_BACK_SPREAD = 0.25;

interface JournalTask {
  readonly taskId: string;
  readonly attempt: number;
  outcome: TaskOutcome | null;
  inline: string | null;
}

const readWhole = (text: string): void => void EnvelopePayload.parse(JSON.parse(text));

type Outgoing = AgentFrame extends infer F
  ? F extends { generation: number }
    ? Omit<F, 'generation'>
    : never
  : never;

export class SimulatedAgent {
  readonly hostId: string;
  /** How often each task was carried out: more than once is a bug of the server. */
  readonly executions = new Map<string, number>();
  readonly #options: SimulatedAgentOptions;
  readonly #journal = new Map<string, JournalTask>();
  readonly #link: SimulatedLink;
  #facts: SimulatedFacts;
  #socket: WebSocket | null = null;
  #generation = 0;
  #heartbeat: NodeJS.Timeout | null = null;
  #welcomed: (() => void) | null = null;
  /** Set by the server's "come back"; read when the connection has ended. */
  #comeBackMs: number | null = null;
  #isKept = false;
  #attempt = 0;

  constructor(options: SimulatedAgentOptions) {
    this.#options = options;
    this.#facts = options.facts ?? new Map();
    this.#link = new SimulatedLink(options.identity, options.localAddress);
    this.hostId = options.identity.hostId;
  }

  /** Opens a session; resolves at `welcome`, rejects when the connection ends before it. */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#welcomed = resolve;
      const socket = this.#link.openSocket();
      this.#socket = socket;
      socket.on('open', () => socket.send(JSON.stringify(this.#hello())));
      socket.on('message', (data: Buffer) => this.#receive(data.toString('utf8')));
      socket.on('error', reject);
      socket.on('close', () => {
        // Settled already, unless there was no welcome.
        reject(new Error('the connection ended before the welcome'));
        this.#ended();
      });
    });
  }

  /**
   * Connects now and again whenever the connection ends, as the real agent does, until `close`. Called again while it waits
   * for its next attempt, it makes that at once.
   */
  keepConnected(): void {
    this.#isKept = true;
    this.#dial();
  }

  close(): void {
    this.#isKept = false;
    this.#socket?.terminate();
  }

  /** Ends the connection as a cut line does; an agent that is kept connected comes back. */
  cut(): void {
    this.#socket?.terminate();
  }

  /** From now on the host is like this; reported at once when there is a session. */
  changeFacts(facts: SimulatedFacts): void {
    const before = Object.fromEntries([...this.#facts].map(([fact, { digest }]) => [fact, digest]));
    this.#facts = facts;
    this.#report(before);
  }

  /** As after a kill -9: what had started and not ended is unknown. */
  restart(): void {
    this.close();
    for (const task of this.#journal.values()) {
      if (task.outcome !== null) continue;
      task.outcome = this.#outcome('unknown', null, '');
      this.#options.performs?.(task.taskId, false);
    }
  }

  /** What it is carrying out at this moment. */
  get underWay(): readonly string[] {
    return [...this.#journal.values()].filter(({ outcome }) => outcome === null).map(({ taskId }) => taskId);
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Whether its last TLS handshake was spared by a ticket. */
  get isResumed(): boolean {
    return this.#link.isResumed;
  }

  #dial(): void {
    if (this.#socket !== null && this.#socket.readyState !== WebSocket.CLOSED) return;
    // Why it failed does not matter: the end of the connection makes the next attempt.
    this.connect().catch(() => undefined);
  }

  #waitMs(): number {
    const comeBackMs = this.#comeBackMs;
    this.#comeBackMs = null;
    if (comeBackMs !== null) return comeBackMs * (1 + COME_BACK_SPREAD * Math.random());
    this.#attempt += 1;
    return backoffMs(this.#attempt - 1, BACKOFF, Math.random());
  }

  #hello(): AgentFrame {
    return {
      kind: 'hello',
      protocol: 1,
      agentVersion: '0.1.0-simulated',
      arch: 'x64',
      hostName: this.#options.hostName,
      bootId: `boot-${this.#options.hostName}`,
      processId: `process-${this.#options.hostName}`,
      clock: toTimestamp(Date.now()),
      trustVersion: 1,
      actions: { ...this.#options.actions },
      actionsAbsent: {},
      journal: [...this.#journal.values()].map(({ taskId, attempt, outcome }) => ({
        taskId,
        attempt,
        state: outcome === null ? 'started' : 'ended',
      })),
      isHeld: false,
      // It carries out whatever a plan holds, and answers no probes.
      capabilities: ['plans-2', 'collected', 'batch-signature'],
    };
  }

  #receive(text: string): void {
    const frame = parseServerFrame(text);
    if (!frame.ok) throw new Error(`server sent no frame: ${frame.error}`);
    this.#handle(frame.value);
  }

  #handle(frame: ServerFrame): void {
    switch (frame.kind) {
      case 'welcome':
        this.#generation = frame.generation;
        this.#startHeartbeat(this.#options.heartbeatIntervalMs ?? frame.heartbeatIntervalMs);
        for (const task of this.#journal.values()) this.#sendOutcome(task);
        this.#attempt = 0;
        this.#welcomed?.();
        this.#report(frame.knownFacts);
        return;
      case 'offer':
        this.#take(frame);
        return;
      case 'outcome-saved':
        this.#journal.delete(frame.taskId);
        this.#options.saved?.(frame.taskId);
        return;
      case 'facts-wanted':
        this.#upload(frame.digests);
        return;
      case 'collect':
        // Its facts never change: what it reported is what it would find.
        if (frame.askId !== undefined) this.#send({ kind: 'collected', askId: frame.askId });
        return;
      case 'come-back':
        this.#comeBackMs = frame.afterMs;
        return;
      case 'challenge':
        this.#send({ kind: 'challenge-answer', nonce: frame.nonce });
        return;
      case 'cancel':
      case 'certificate':
      case 'checkpoint':
      case 'credit':
      case 'outputs-wanted':
      case 'probe':
      case 'refused':
      case 'renew-only':
      case 'task-ask':
      case 'time':
      case 'trust':
      case 'withdraw':
        // A simulated agent has no keys to renew, no collectors, and tasks too short to take back.
        return;
    }
  }

  #take(offer: ServerFrameOf<'offer'>): void {
    const { behaviour } = this.#options;
    if (behaviour.kind === 'deaf') return;
    if (behaviour.kind === 'lying') return this.#lie(offer);
    const { taskId, attempt } = offer;
    if (this.executions.has(taskId)) return this.#refuseAgain(taskId, attempt);
    (this.#options.readPayload ?? readWhole)(offer.envelope.payload);
    this.executions.set(taskId, (this.executions.get(taskId) ?? 0) + 1);
    const task: JournalTask = { taskId, attempt, outcome: null, inline: null };
    this.#journal.set(taskId, task);
    this.#options.performs?.(taskId, true);
    this.#perform(task, behaviour);
  }

  #sayStarted({ taskId, attempt, outcome }: JournalTask): void {
    if (outcome === null) this.#send({ kind: 'started', taskId, attempt, at: toTimestamp(Date.now()) });
  }

  /** As the real agent's ledger does: what was acknowledged before is refused, what was not is still being reported. */
  #refuseAgain(taskId: string, attempt: number): void {
    if (this.#journal.has(taskId)) return;
    const outcome: TaskOutcome = {
      ...this.#outcome('refused', null, ''),
      startedAt: null,
      error: { code: 'TASK_ALREADY_RAN', details: {} },
    };
    const task = { taskId, attempt, outcome, inline: null };
    this.#journal.set(taskId, task);
    this.#sendOutcome(task);
  }

  #perform(task: JournalTask, behaviour: Exclude<Behaviour, { kind: 'deaf' | 'lying' }>): void {
    switch (behaviour.kind) {
      case 'honest':
        if (behaviour.delayMs > FIRST_WORD_MS) setTimeout(() => this.#sayStarted(task), FIRST_WORD_MS);
        return this.#later(behaviour.delayMs, () => this.#finish(task, behaviour.exitCode, behaviour.output));
      case 'duplicate':
        this.#finish(task, 0, behaviour.output);
        return this.#sendOutcome(task);
      case 'vanishing':
        this.#sayStarted(task);
        this.close();
        return this.#later(behaviour.awayMs, () => {
          this.#finish(task, 0, 'back');
          this.connect().catch(() => undefined /* the test sees that it stays away */);
        });
      case 'dying':
        this.#sayStarted(task);
        return this.restart();
    }
  }

  #finish(task: JournalTask, exitCode: number, output: string): void {
    // It died over it meanwhile.
    if (task.outcome !== null) return;
    const body = canonicalJson({ stdout: output, stderr: '', cutBytes: 0 });
    task.outcome = this.#outcome(exitCode === 0 ? 'succeeded' : 'failed', exitCode, body);
    task.inline = body;
    if (this.#journal.get(task.taskId) === task) this.#options.performs?.(task.taskId, false);
    this.#sendOutcome(task);
  }

  #outcome(kind: TaskOutcome['kind'], exitCode: number | null, body: string): TaskOutcome {
    const at = toTimestamp(Date.now());
    const output = body === '' ? null : { digest: digestOfText(body), sizeBytes: body.length, cutBytes: 0 };
    const error = kind === 'unknown' ? { code: 'TASK_OUTCOME_UNKNOWN', details: {} } : null;
    return { kind, exitCode, signal: null, startedAt: at, endedAt: at, output, error, result: null };
  }

  #sendOutcome(task: JournalTask): void {
    if (task.outcome === null) return;
    const { taskId, attempt, outcome, inline } = task;
    this.#send({ kind: 'outcome', taskId, attempt, outcome, outputInline: inline });
  }

  #lie(offer: ServerFrameOf<'offer'>): void {
    const honestGeneration = this.#generation;
    this.#generation = honestGeneration + 7;
    this.#finish(
      { taskId: offer.taskId, attempt: offer.attempt, outcome: null, inline: null },
      0,
      'from another session',
    );
    this.#generation = honestGeneration;
    this.#finish({ taskId: 't_neverhadthisone', attempt: 1, outcome: null, inline: null }, 0, 'not mine');
    this.#send({ kind: 'facts', reports: [], collectedAt: toTimestamp(Date.now()) });
  }

  #send(frame: Outgoing): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ ...frame, generation: this.#generation }));
  }

  #report(known: Readonly<Record<string, string>>): void {
    const reports = reportsOf(this.#facts, known);
    const bodies = bodiesAlong(this.#facts, reports);
    const collectedAt = toTimestamp(Date.now());
    if (reports.length > 0) this.#send({ kind: 'facts', reports, collectedAt, bodies });
  }

  #upload(digests: readonly string[]): void {
    const generation = this.#generation;
    this.#link.upload(bodiesWanted(this.#facts, digests)).then(
      () => this.#options.uploaded?.(),
      () => {
        // As the real agent does, while the session that asked for them lasts.
        this.#later(UPLOAD_AGAIN_MS, () => {
          if (this.isConnected && this.#generation === generation) this.#upload(digests);
        });
      },
    );
  }

  #startHeartbeat(intervalMs: number): void {
    this.#heartbeat = setInterval(
      () => this.#send({ kind: 'heartbeat', clock: toTimestamp(Date.now()), vitals: this.#vitals() }),
      intervalMs,
    );
  }

  #vitals() {
    return {
      at: toTimestamp(Date.now()),
      load1: 0.1,
      memoryUsedRatio: 0.4,
      diskUsedRatio: 0.3,
      pressureCpu: 0,
      pressureMemory: 0,
      pressureIo: 0,
      uptimeSeconds: 1000,
      bootId: `boot-${this.#options.hostName}`,
    };
  }

  #later(delayMs: number, run: () => void): void {
    if (delayMs === 0) run();
    else setTimeout(run, delayMs);
  }

  #ended(): void {
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
    if (!this.#isKept) return;
    setTimeout(() => {
      if (this.#isKept) this.#dial();
    }, this.#waitMs());
  }
}
