import assert from 'node:assert/strict';
import {
  canonicalJson,
  digestOfText,
  EnvelopePayload,
  type HostId,
  type JsonObject,
  type Probe,
  type ProbeResult,
  planDigest,
  type TaskOutcome,
  toTimestamp,
  verifyStep,
} from '@pilothouse/contract';
import {
  AGENT_CAPABILITIES,
  type AgentCapability,
  type AgentFrame,
  type AgentFrameOf,
  type JournalEntry,
} from '@pilothouse/wire';
import type { GatewayService, OpenSession, OutgoingFrame, SessionListener } from '../gateway/service.ts';

/** How a scripted host behaves with a task. `silent`: accepts, and never starts. `stuck`: starts, and never ends. */
export type Script = 'succeed' | 'fail' | 'silent' | 'stuck';

type Offer = Extract<OutgoingFrame, { kind: 'offer' }>;

interface KnownTask {
  readonly taskId: string;
  readonly attempt: number;
  state: JournalEntry['state'];
  /** Milliseconds since the epoch. */
  readonly startBy: number;
  outcome: TaskOutcome | null;
  isSaved: boolean;
}

export interface ScriptedHost {
  readonly id: HostId;
  script: Script;
  /** What the task prints; uploads it when `isLarge`. */
  stdout: string;
  isLarge: boolean;
  isHeld: boolean;
  /** An agent of the first release: it names no capabilities. */
  isOld: boolean;
  /** What its agent cannot do although it is not that old. */
  lacks: readonly AgentCapability[];
  /** What its tasks say that they change, or would change; null: nothing is said. */
  changes: JsonObject[] | null;
  /** What its probes say, before and after tasks and when asked; null: it does not answer. */
  probes: 'passing' | 'failing' | null;
  /** What the gateway answers to the next offer instead of sending it. */
  nextOffer: 'offline' | 'full' | null;
  /** Its connection takes no more: the gateway says so of every frame. */
  isFull: boolean;
  session: OpenSession | null;
  readonly tasks: Map<string, KnownTask>;
  executions: number;
  readonly received: OutgoingFrame[];
}

/** A gateway with hosts behind it, in this process: they keep a ledger, check envelopes and answer in a later turn. */
export interface ScriptedFleet {
  readonly gateway: GatewayService;
  readonly hosts: ReadonlyMap<HostId, ScriptedHost>;
  connect(hostId: HostId): void;
  connectAll(): void;
  disconnect(hostId: HostId): void;
  /** Tells the server of the host's session once more, as it is now. */
  announce(hostId: HostId): void;
  /** The server goes away: every session ends and nobody listens any more. */
  forgetServer(): void;
  /** What the server told the gateway of hosts that lie. */
  readonly suspected: readonly { readonly hostId: HostId; readonly problem: string }[];
  /** Says it in the host's name, whatever it is. */
  say(hostId: HostId, frame: AgentFrame): void;
  /** Goes on with tasks of a host whose script was `silent` or `stuck` until now. */
  resume(hostId: HostId): void;
}

interface Fleet {
  readonly hosts: Map<HostId, ScriptedHost>;
  readonly actions: AgentFrameOf<'hello'>['actions'];
  listeners: SessionListener[];
  generation: number;
  readonly suspected: { hostId: HostId; problem: string }[];
  readonly now: () => number;
}

export function createFleet(
  hostIds: readonly HostId[],
  actions: AgentFrameOf<'hello'>['actions'] = {},
  now: () => number = () => 0,
): ScriptedFleet {
  const hosts = new Map(hostIds.map((id) => [id, newHost(id)]));
  const fleet: Fleet = { hosts, actions, listeners: [], generation: 0, suspected: [], now };
  return {
    hosts,
    suspected: fleet.suspected,
    gateway: gatewayOf(fleet),
    say(hostId, frame) {
      const { session } = hostOf(fleet, hostId);
      if (session !== null) for (const listener of fleet.listeners) listener.frame?.(session, frame);
    },
    connect: (hostId) => connect(fleet, hostOf(fleet, hostId)),
    connectAll() {
      for (const host of hosts.values()) connect(fleet, host);
    },
    disconnect: (hostId) => disconnect(fleet, hostOf(fleet, hostId)),
    announce(hostId) {
      const { session } = hostOf(fleet, hostId);
      if (session !== null) for (const listener of fleet.listeners) listener.opened?.(session);
    },
    forgetServer() {
      fleet.listeners = [];
      for (const host of hosts.values()) host.session = null;
    },
    resume(hostId) {
      const host = hostOf(fleet, hostId);
      host.script = 'succeed';
      for (const task of host.tasks.values()) work(fleet, host, task);
    },
  };
}

const newHost = (id: HostId): ScriptedHost => ({
  id,
  script: 'succeed',
  stdout: 'up 3 days\n',
  isLarge: false,
  isHeld: false,
  isOld: false,
  lacks: [],
  changes: null,
  probes: 'passing',
  nextOffer: null,
  isFull: false,
  session: null,
  tasks: new Map(),
  executions: 0,
  received: [],
});

function hostOf(fleet: Fleet, hostId: HostId): ScriptedHost {
  const host = fleet.hosts.get(hostId);
  assert.ok(host);
  return host;
}

function gatewayOf(fleet: Fleet): GatewayService {
  return {
    send(hostId, frame) {
      const host = fleet.hosts.get(hostId);
      const session = host?.session ?? null;
      if (host === undefined || session === null) return 'offline';
      if (frame.kind === 'offer' && host.nextOffer !== null) {
        const answer = host.nextOffer;
        host.nextOffer = null;
        return answer;
      }
      if (host.isFull) return 'full';
      host.received.push(frame);
      setImmediate(() => {
        if (host.session === session) take(fleet, host, frame);
      });
      return 'sent';
    },
    session: (hostId) => fleet.hosts.get(hostId)?.session ?? null,
    listen: (listener) => void fleet.listeners.push(listener),
    cut: (hostId) => disconnect(fleet, hostOf(fleet, hostId)),
    suspect: (hostId, problem) => void fleet.suspected.push({ hostId, problem }),
    get sessionsCount() {
      return [...fleet.hosts.values()].filter((host) => host.session !== null).length;
    },
  };
}

function connect(fleet: Fleet, host: ScriptedHost): void {
  disconnect(fleet, host);
  fleet.generation += 1;
  const unsaved = [...host.tasks.values()].filter((task) => !task.isSaved);
  const session: OpenSession = {
    hostId: host.id,
    generation: fleet.generation,
    hello: {
      kind: 'hello',
      protocol: 1,
      agentVersion: '0.1.0',
      arch: 'x86_64',
      hostName: host.id,
      bootId: 'b',
      processId: 'p',
      clock: toTimestamp(0),
      trustVersion: 1,
      actions: fleet.actions,
      actionsAbsent: {},
      journal: unsaved.map(({ taskId, attempt, state }) => ({ taskId, attempt, state })),
      isHeld: host.isHeld,
      ...(host.isOld
        ? {}
        : { capabilities: AGENT_CAPABILITIES.filter((each) => !host.lacks.includes(each)) }),
    },
  };
  host.session = session;
  for (const listener of fleet.listeners) listener.opened?.(session);
  for (const task of unsaved) sayOutcome(fleet, host, task);
}

function disconnect(fleet: Fleet, host: ScriptedHost): void {
  const { session } = host;
  if (session === null) return;
  host.session = null;
  for (const listener of fleet.listeners) listener.closed?.(session);
}

type Unaddressed = AgentFrame extends infer F ? (F extends unknown ? Omit<F, 'generation'> : never) : never;

function say(fleet: Fleet, host: ScriptedHost, frame: Unaddressed): void {
  const { session } = host;
  if (session === null) return;
  // Every kind that is said here carries the generation, and nothing else is missing.
  const addressed = { ...frame, generation: session.generation } as AgentFrame;
  for (const listener of fleet.listeners) listener.frame?.(session, addressed);
}

function sayOutcome(fleet: Fleet, host: ScriptedHost, task: KnownTask): void {
  const { taskId, attempt, outcome } = task;
  if (outcome === null) return;
  const outputInline = host.isLarge || outcome.output === null ? null : bodyOf(host);
  say(fleet, host, { kind: 'outcome', taskId, attempt, outcome, outputInline });
}

function take(fleet: Fleet, host: ScriptedHost, frame: OutgoingFrame): void {
  if (frame.kind === 'offer') return takeOffer(fleet, host, frame);
  if (frame.kind === 'probe') return answerProbe(fleet, host, frame);
  if (frame.kind === 'outputs-wanted') {
    for (const listener of fleet.listeners)
      for (const digest of frame.digests)
        void listener.outputBody?.(host.id, digest, Buffer.from(bodyOf(host)));
    return;
  }
  const task = 'taskId' in frame ? host.tasks.get(frame.taskId) : undefined;
  if (frame.kind === 'task-ask') {
    const known = task === undefined || task.isSaved ? 'absent' : task.state;
    return say(fleet, host, { kind: 'task-word', taskId: frame.taskId, state: known });
  }
  if (task === undefined) return;
  if (frame.kind === 'outcome-saved') task.isSaved = true;
  if (frame.kind === 'withdraw' && task.state === 'accepted') end(fleet, host, task, 'cancelled');
  if (frame.kind === 'cancel' && task.state !== 'ended') end(fleet, host, task, 'cancelled');
}

function takeOffer(fleet: Fleet, host: ScriptedHost, frame: Offer): void {
  const startBy = checkEnvelope(host.id, frame);
  const { taskId, attempt } = frame;
  const known = host.tasks.get(taskId);
  if (known !== undefined && known.attempt >= attempt) return;
  const task: KnownTask = { taskId, attempt, state: 'accepted', startBy, outcome: null, isSaved: false };
  host.tasks.set(taskId, task);
  say(fleet, host, { kind: 'accepted', taskId, attempt });
  work(fleet, host, task);
}

function answerProbe(
  fleet: Fleet,
  host: ScriptedHost,
  frame: Extract<OutgoingFrame, { kind: 'probe' }>,
): void {
  if (host.probes === null) return;
  const payload = EnvelopePayload.parse(JSON.parse(frame.envelope.payload));
  assert.equal(payload.kind, 'probe');
  const { taskId, askId } = frame;
  const results = resultsOf(host, payload.header.strategy.probes ?? []);
  say(fleet, host, { kind: 'probe-result', taskId, askId, results, refused: null });
}

const resultsOf = (host: ScriptedHost, probes: readonly Probe[]): ProbeResult[] =>
  probes.map(({ name }) => ({
    name,
    isPassing: host.probes === 'passing',
    tries: 1,
    durationMs: 1,
    evidence: host.probes === 'passing' ? '200' : '503',
  }));

function work(fleet: Fleet, host: ScriptedHost, task: KnownTask): void {
  const { taskId, attempt } = task;
  if (task.state === 'accepted' && host.script !== 'silent') {
    if (fleet.now() > task.startBy && !host.isOld && !host.lacks.includes('start-by'))
      return end(fleet, host, task, 'refused');
    task.state = 'started';
    host.executions += 1;
    say(fleet, host, { kind: 'started', taskId, attempt, at: toTimestamp(0) });
  }
  if (task.state === 'started' && host.script !== 'stuck')
    end(fleet, host, task, host.script === 'fail' ? 'failed' : 'succeeded');
}

function end(fleet: Fleet, host: ScriptedHost, task: KnownTask, kind: TaskOutcome['kind']): void {
  task.outcome = outcomeOf(host, kind, task.state === 'started');
  task.state = 'ended';
  sayOutcome(fleet, host, task);
}

const bodyOf = (host: ScriptedHost): string =>
  canonicalJson({ stdout: host.stdout, stderr: '', cutBytes: 0 });

function outcomeOf(host: ScriptedHost, kind: TaskOutcome['kind'], hasStarted: boolean): TaskOutcome {
  const body = bodyOf(host);
  return {
    kind,
    exitCode: kind === 'succeeded' ? 0 : kind === 'failed' ? 1 : null,
    signal: null,
    startedAt: hasStarted ? toTimestamp(0) : null,
    endedAt: toTimestamp(1),
    output: hasStarted ? { digest: digestOfText(body), sizeBytes: body.length, cutBytes: 0 } : null,
    error: kind === 'refused' ? { code: 'TASK_START_OVERDUE', details: {} } : null,
    result: host.changes === null ? null : { changes: host.changes },
  };
}

/** What an agent checks of an offer, but for the signature. Returns the last moment at which it may begin. */
function checkEnvelope(hostId: HostId, frame: Offer): number {
  const payload = EnvelopePayload.parse(JSON.parse(frame.envelope.payload));
  const { header, step, stepIndex, proof } = payload;
  assert.equal(payload.taskId, frame.taskId);
  assert.equal(payload.attempt, frame.attempt);
  assert.equal(step.hostId, hostId);
  assert.equal(planDigest(header), payload.planDigest);
  assert.ok(verifyStep({ step, index: stepIndex, count: header.stepsCount, proof, root: header.stepsRoot }));
  return Date.parse(payload.notAfter);
}
