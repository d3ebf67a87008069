import assert from 'node:assert/strict';
import {
  canonicalJson,
  digestOfText,
  EnvelopePayload,
  type HostId,
  planDigest,
  type TaskOutcome,
  toTimestamp,
  verifyStep,
} from '@pilothouse/contract';
import type { AgentFrame, AgentFrameOf, JournalEntry } from '@pilothouse/wire';
import type { GatewayService, OpenSession, OutgoingFrame, SessionListener } from '../gateway/service.ts';

/** How a scripted host behaves with a task. `silent`: accepts, and never starts. `stuck`: starts, and never ends. */
export type Script = 'succeed' | 'fail' | 'silent' | 'stuck' | 'deaf';

interface KnownTask {
  readonly taskId: string;
  readonly attempt: number;
  state: JournalEntry['state'];
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
  /** What the gateway answers to the next offer instead of sending it. */
  nextOffer: 'offline' | 'full' | null;
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
  /** Goes on with tasks of a host whose script was `silent` or `stuck` until now. */
  resume(hostId: HostId): void;
}

const OS_ACTIONS = { actions: {}, actionsAbsent: {} };

export function createFleet(
  hostIds: readonly HostId[],
  actions: AgentFrameOf<'hello'>['actions'] = OS_ACTIONS.actions,
): ScriptedFleet {
  let listeners: SessionListener[] = [];
  let generation = 0;
  const hosts = new Map<HostId, ScriptedHost>();
  for (const id of hostIds)
    hosts.set(id, {
      id,
      script: 'succeed',
      stdout: 'up 3 days\n',
      isLarge: false,
      isHeld: false,
      nextOffer: null,
      session: null,
      tasks: new Map(),
      executions: 0,
      received: [],
    });
  const hostOf = (hostId: HostId): ScriptedHost => {
    const host = hosts.get(hostId);
    assert.ok(host);
    return host;
  };
  const say = (host: ScriptedHost, frame: AgentFrame): void => {
    const { session } = host;
    if (session !== null) for (const listener of listeners) listener.frame?.(session, frame);
  };
  const sayOutcome = (host: ScriptedHost, task: KnownTask): void => {
    if (task.outcome === null || host.session === null) return;
    say(host, {
      kind: 'outcome',
      generation: host.session.generation,
      taskId: task.taskId,
      attempt: task.attempt,
      outcome: task.outcome,
      outputInline: host.isLarge || task.outcome.output === null ? null : bodyOf(host),
    });
  };
  const end = (host: ScriptedHost, task: KnownTask, kind: TaskOutcome['kind']): void => {
    task.outcome = outcomeOf(host, kind, task.state === 'started');
    task.state = 'ended';
    sayOutcome(host, task);
  };
  const work = (host: ScriptedHost, task: KnownTask): void => {
    const session = host.session;
    if (task.state === 'accepted' && host.script !== 'silent') {
      task.state = 'started';
      host.executions += 1;
      if (session !== null)
        say(host, {
          kind: 'started',
          generation: session.generation,
          taskId: task.taskId,
          attempt: task.attempt,
          at: toTimestamp(0),
        });
    }
    if (task.state === 'started' && host.script !== 'stuck')
      end(host, task, host.script === 'fail' ? 'failed' : 'succeeded');
  };
  const takeOffer = (host: ScriptedHost, frame: Extract<OutgoingFrame, { kind: 'offer' }>): void => {
    checkEnvelope(host.id, frame);
    const known = host.tasks.get(frame.taskId);
    if (host.script === 'deaf' || (known !== undefined && known.attempt >= frame.attempt)) return;
    const { taskId, attempt } = frame;
    const task: KnownTask = { taskId, attempt, state: 'accepted', outcome: null, isSaved: false };
    host.tasks.set(taskId, task);
    if (host.session !== null)
      say(host, { kind: 'accepted', generation: host.session.generation, taskId, attempt });
    work(host, task);
  };
  const take = (host: ScriptedHost, frame: OutgoingFrame): void => {
    if (frame.kind === 'offer') return takeOffer(host, frame);
    if (frame.kind === 'outputs-wanted') {
      for (const listener of listeners)
        for (const digest of frame.digests)
          void listener.outputBody?.(host.id, digest, Buffer.from(bodyOf(host)));
      return;
    }
    const task = 'taskId' in frame ? host.tasks.get(frame.taskId) : undefined;
    if (task === undefined) return;
    if (frame.kind === 'outcome-saved') task.isSaved = true;
    if (frame.kind === 'withdraw' && task.state === 'accepted') end(host, task, 'cancelled');
    if (frame.kind === 'cancel' && task.state !== 'ended') end(host, task, 'cancelled');
  };
  const fleet: ScriptedFleet = {
    hosts,
    gateway: {
      send(hostId, frame) {
        const host = hosts.get(hostId);
        const session = host?.session ?? null;
        if (host === undefined || session === null) return 'offline';
        if (frame.kind === 'offer' && host.nextOffer !== null) {
          const answer = host.nextOffer;
          host.nextOffer = null;
          return answer;
        }
        host.received.push(frame);
        setImmediate(() => {
          if (host.session === session) take(host, frame);
        });
        return 'sent';
      },
      session: (hostId) => hosts.get(hostId)?.session ?? null,
      listen: (listener) => void listeners.push(listener),
      cut: (hostId) => fleet.disconnect(hostId),
      get sessionsCount() {
        return [...hosts.values()].filter((host) => host.session !== null).length;
      },
    },
    connect(hostId) {
      const host = hostOf(hostId);
      if (host.session !== null) fleet.disconnect(hostId);
      generation += 1;
      const unsaved = [...host.tasks.values()].filter((task) => !task.isSaved);
      const journal = unsaved.map(({ taskId, attempt, state }) => ({ taskId, attempt, state }));
      const session: OpenSession = {
        hostId,
        generation,
        hello: {
          kind: 'hello',
          protocol: 1,
          agentVersion: '0.1.0',
          arch: 'x86_64',
          hostName: hostId,
          bootId: 'b',
          processId: 'p',
          clock: toTimestamp(0),
          trustVersion: 1,
          actions,
          actionsAbsent: {},
          journal,
          isHeld: host.isHeld,
        },
      };
      host.session = session;
      for (const listener of listeners) listener.opened?.(session);
      for (const task of unsaved) sayOutcome(host, task);
    },
    connectAll() {
      for (const id of hosts.keys()) fleet.connect(id);
    },
    disconnect(hostId) {
      const host = hostOf(hostId);
      const { session } = host;
      if (session === null) return;
      host.session = null;
      for (const listener of listeners) listener.closed?.(session);
    },
    announce(hostId) {
      const { session } = hostOf(hostId);
      if (session !== null) for (const listener of listeners) listener.opened?.(session);
    },
    forgetServer() {
      listeners = [];
      for (const host of hosts.values()) host.session = null;
    },
    resume(hostId) {
      const host = hostOf(hostId);
      host.script = 'succeed';
      for (const task of host.tasks.values()) work(host, task);
    },
  };
  return fleet;
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
    error: null,
    result: null,
  };
}

/** What an agent checks of an offer, but for the signature. */
function checkEnvelope(hostId: HostId, frame: Extract<OutgoingFrame, { kind: 'offer' }>): void {
  const payload = EnvelopePayload.parse(JSON.parse(frame.envelope.payload));
  const { header, step, stepIndex, proof } = payload;
  assert.equal(payload.taskId, frame.taskId);
  assert.equal(payload.attempt, frame.attempt);
  assert.equal(step.hostId, hostId);
  assert.equal(planDigest(header), payload.planDigest);
  assert.ok(verifyStep({ step, index: stepIndex, count: header.stepsCount, proof, root: header.stepsRoot }));
}
