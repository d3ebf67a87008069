/**
 * One agent of the simulated fleet: the real protocol over real TLS with its own certificate, and no host behind it. It
 * keeps a journal in memory, so a dropped connection loses nothing; `restart()` is what a kill -9 would be.
 */
import { connect } from 'node:tls';
import {
  canonicalJson,
  digestOfText,
  EnvelopePayload,
  type TaskOutcome,
  toTimestamp,
} from '@pilothouse/contract';
import {
  type AgentFrame,
  GATEWAY_PATHS,
  parseServerFrame,
  type ServerFrame,
  type ServerFrameOf,
} from '@pilothouse/wire';
import { WebSocket } from 'ws';
import type { Behaviour } from './behaviour.ts';
import type { SimulatedIdentity } from './simulated-identity.ts';

export interface SimulatedAgentOptions {
  readonly identity: SimulatedIdentity;
  readonly hostName: string;
  readonly behaviour: Behaviour;
  /** Digests of the parameter schemas it says it can carry out, by action. */
  readonly actions: Readonly<Record<string, string>>;
  readonly heartbeatIntervalMs?: number;
}

interface JournalTask {
  readonly taskId: string;
  readonly attempt: number;
  outcome: TaskOutcome | null;
  inline: string | null;
}

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
  #socket: WebSocket | null = null;
  #generation = 0;
  #heartbeat: NodeJS.Timeout | null = null;
  #welcomed: (() => void) | null = null;

  constructor(options: SimulatedAgentOptions) {
    this.#options = options;
    this.hostId = options.identity.hostId;
  }

  /** Opens a session; resolves at `welcome`. */
  connect(): Promise<void> {
    const { identity } = this.#options;
    const url = new URL(GATEWAY_PATHS.session, identity.gatewayUrl.replace(/^http/, 'ws'));
    return new Promise((resolve, reject) => {
      this.#welcomed = resolve;
      const socket = new WebSocket(url, {
        perMessageDeflate: false,
        createConnection: () =>
          connect({
            host: url.hostname,
            port: Number(url.port),
            ca: [...identity.authoritiesPem],
            cert: identity.certificatePem,
            key: identity.keyPem,
            minVersion: 'TLSv1.3',
            // Simulated hosts reach the gateway by address; the CA is what they check.
            checkServerIdentity: () => undefined,
          }),
      });
      this.#socket = socket;
      socket.on('open', () => socket.send(JSON.stringify(this.#hello())));
      socket.on('message', (data: Buffer) => this.#receive(data.toString('utf8')));
      socket.on('error', reject);
      socket.on('close', () => this.#ended());
    });
  }

  close(): void {
    this.#socket?.terminate();
  }

  /** As after a kill -9: what had started and not ended is unknown. */
  restart(): void {
    this.close();
    for (const task of this.#journal.values()) {
      if (task.outcome === null) task.outcome = this.#outcome('unknown', null, '');
    }
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
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
        this.#welcomed?.();
        return;
      case 'offer':
        this.#take(frame);
        return;
      case 'outcome-saved':
        this.#journal.delete(frame.taskId);
        return;
      case 'challenge':
        this.#send({ kind: 'challenge-answer', nonce: frame.nonce });
        return;
      case 'cancel':
      case 'certificate':
      case 'checkpoint':
      case 'collect':
      case 'come-back':
      case 'credit':
      case 'facts-wanted':
      case 'outputs-wanted':
      case 'refused':
      case 'renew-only':
      case 'time':
      case 'trust':
      case 'withdraw':
        // A simulated agent has no facts, no keys to renew, and tasks too short to take back.
        return;
    }
  }

  #take(offer: ServerFrameOf<'offer'>): void {
    const { behaviour } = this.#options;
    if (behaviour.kind === 'deaf') return;
    if (behaviour.kind === 'lying') return this.#lie(offer);
    const { taskId, attempt } = offer;
    if (this.executions.has(taskId)) return;
    EnvelopePayload.parse(JSON.parse(offer.envelope.payload));
    this.executions.set(taskId, (this.executions.get(taskId) ?? 0) + 1);
    const task: JournalTask = { taskId, attempt, outcome: null, inline: null };
    this.#journal.set(taskId, task);
    this.#send({ kind: 'accepted', taskId, attempt });
    this.#send({ kind: 'started', taskId, attempt, at: toTimestamp(Date.now()) });
    this.#perform(task, behaviour);
  }

  #perform(task: JournalTask, behaviour: Exclude<Behaviour, { kind: 'deaf' | 'lying' }>): void {
    switch (behaviour.kind) {
      case 'honest':
        return this.#later(behaviour.delayMs, () => this.#finish(task, behaviour.exitCode, behaviour.output));
      case 'duplicate':
        this.#finish(task, 0, behaviour.output);
        return this.#sendOutcome(task);
      case 'vanishing':
        this.close();
        return this.#later(behaviour.awayMs, () => {
          this.#finish(task, 0, 'back');
          this.connect().catch(() => undefined /* the test sees that it stays away */);
        });
      case 'dying':
        return this.restart();
    }
  }

  #finish(task: JournalTask, exitCode: number, output: string): void {
    const body = canonicalJson({ stdout: output, stderr: '', cutBytes: 0 });
    task.outcome = this.#outcome(exitCode === 0 ? 'succeeded' : 'failed', exitCode, body);
    task.inline = body;
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
  }
}
