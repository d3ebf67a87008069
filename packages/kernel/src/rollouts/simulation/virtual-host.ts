import {
  EnvelopePayload,
  type HostId,
  PlanHeader,
  type TaskOutcome,
  toTimestamp,
} from '@pilothouse/contract';
import { AGENT_CAPABILITIES, type AgentFrame, type AgentFrameOf, type JournalEntry } from '@pilothouse/wire';
import type { OpenSession, OutgoingFrame } from '../../gateway/service.ts';
import { type FrameQueue, IN_ORDER, newQueue, type Passage, takeFrame } from './frame-queue.ts';
import { LOADS } from './gate-truth.ts';
import type { Random } from './random.ts';

/** How a host carries its tasks out. `stuck`: only a cancel, a crash or the task's time limit ends them. */
export type Fate = 'succeed' | 'fail' | 'stuck';

/** One task in the agent's ledger, which survives everything but the loss of the host. */
export interface LedgerEntry {
  readonly taskId: string;
  readonly attempt: number;
  readonly payload: EnvelopePayload;
  state: JournalEntry['state'];
  hasStarted: boolean;
  outcome: TaskOutcome | null;
  isSaved: boolean;
  /** When its time is over by the host's own timer, once it has begun. */
  endsBy: number | null;
  /** It interrupts its host while it goes on. */
  readonly isDisruptive: boolean;
}

export type Unaddressed = AgentFrame extends infer F
  ? F extends unknown
    ? Omit<F, 'generation'>
    : never
  : never;

/** An agent as the protocol knows it: a durable ledger, a process that may crash, and a session that may break. */
export interface VirtualHost {
  readonly id: HostId;
  fate: Fate;
  probesPass: boolean;
  session: OpenSession | null;
  /** The network eats every frame, and neither side knows it yet. */
  isCutOff: boolean;
  readonly inbox: FrameQueue<OutgoingFrame>;
  readonly outbox: FrameQueue<Unaddressed>;
  readonly ledger: LedgerEntry[];
  /** Whether the changes that it took make it groan. */
  isLaden: boolean;
}

export const newHost = (id: HostId, fate: Fate): VirtualHost => ({
  id,
  fate,
  probesPass: true,
  session: null,
  isCutOff: false,
  inbox: newQueue(),
  outbox: newQueue(),
  ledger: [],
  isLaden: false,
});

export interface HostWorld {
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly random: Random;
  /** Absent: each envelope is parsed by itself. */
  readonly readPayload?: (text: string) => EnvelopePayload;
  /** The action begins: told before anything else, as a journal is written before it. */
  readonly started: (host: VirtualHost, entry: LedgerEntry) => void;
  readonly ended: (host: VirtualHost, entry: LedgerEntry) => void;
}

const WithoutHeader = EnvelopePayload.omit({ header: true });

/**
 * Envelopes as an agent takes them in, by its schema. The header of a plan travels with every task of it: hosts of one world
 * look at each text of it once.
 */
export function createPayloadReader(): (text: string) => EnvelopePayload {
  const headers = new Map<string, PlanHeader>();
  return (text) => {
    const { header: raw, ...rest }: { header?: unknown } = JSON.parse(text);
    const headerText = JSON.stringify(raw);
    const header = headers.get(headerText) ?? PlanHeader.parse(raw);
    headers.set(headerText, header);
    return { ...WithoutHeader.parse(rest), header };
  };
}

const payloadOf = ({ readPayload }: HostWorld, text: string): EnvelopePayload =>
  readPayload === undefined ? EnvelopePayload.parse(JSON.parse(text)) : readPayload(text);

export function helloOf(host: VirtualHost, actions: AgentFrameOf<'hello'>['actions']): AgentFrameOf<'hello'> {
  const unsaved = host.ledger.filter((entry) => !entry.isSaved);
  return {
    kind: 'hello',
    protocol: 1,
    agentVersion: '0.1.0',
    arch: 'x86_64',
    hostName: host.id,
    bootId: 'b',
    processId: 'p',
    clock: toTimestamp(0),
    trustVersion: 1,
    actions,
    actionsAbsent: {},
    journal: unsaved.map(({ taskId, attempt, state }) => ({ taskId, attempt, state })),
    isHeld: false,
    capabilities: [...AGENT_CAPABILITIES],
  };
}

export function sayUnsaved(host: VirtualHost): void {
  for (const entry of host.ledger) if (!entry.isSaved) sayOutcome(host, entry);
}

function sayOutcome(host: VirtualHost, { taskId, attempt, outcome }: LedgerEntry): void {
  if (outcome !== null && host.session !== null)
    host.outbox.onTheWay.push({ kind: 'outcome', taskId, attempt, outcome, outputInline: null });
}

/** Takes in a frame from the server. */
export function read(world: HostWorld, host: VirtualHost, how: Passage = IN_ORDER): void {
  const frame = takeFrame(world.random, host.inbox, how);
  if (frame === null) return;
  if (frame.kind === 'offer') return takeOffer(world, host, frame);
  if (frame.kind === 'probe') return answerProbe(world, host, frame);
  if (frame.kind === 'task-ask') return answerAfter(host, frame.taskId);
  if (frame.kind === 'outcome-saved') {
    for (const entry of host.ledger)
      if (entry.taskId === frame.taskId && entry.attempt === frame.attempt) entry.isSaved = true;
    return;
  }
  if (frame.kind !== 'withdraw' && frame.kind !== 'cancel') return;
  const open = host.ledger.find((entry) => entry.taskId === frame.taskId && entry.state !== 'ended');
  if (open === undefined || (frame.kind === 'withdraw' && open.state !== 'accepted')) return;
  end(world, host, open, 'cancelled');
}

function takeOffer(
  world: HostWorld,
  host: VirtualHost,
  frame: Extract<OutgoingFrame, { kind: 'offer' }>,
): void {
  const { taskId, attempt } = frame;
  if (host.ledger.some((entry) => entry.taskId === taskId && entry.attempt >= attempt)) return;
  const payload = payloadOf(world, frame.envelope.payload);
  const entry: LedgerEntry = {
    taskId,
    attempt,
    payload,
    state: 'accepted',
    hasStarted: false,
    outcome: null,
    isSaved: false,
    endsBy: null,
    isDisruptive: interrupts(payload),
  };
  host.ledger.push(entry);
  if (Date.parse(payload.notAfter) < world.now()) end(world, host, entry, 'refused', 'TASK_OUTSIDE_WINDOW');
  else if (host.session !== null) host.outbox.onTheWay.push({ kind: 'accepted', taskId, attempt });
}

export const hasWork = ({ ledger }: VirtualHost): boolean => ledger.some(({ state }) => state !== 'ended');

/** Goes one step on with the oldest open task: begins it, or ends it. */
export function work(world: HostWorld, host: VirtualHost): void {
  const entry = host.ledger.find((each) => each.state !== 'ended');
  if (entry === undefined) return;
  const { taskId, attempt } = entry;
  if (entry.state === 'accepted') {
    if (Date.parse(entry.payload.notAfter) < world.now())
      return end(world, host, entry, 'refused', 'TASK_START_OVERDUE');
    entry.state = 'started';
    entry.hasStarted = true;
    entry.endsBy = world.monotonic() + entry.payload.timeoutMs;
    world.started(host, entry);
    if (host.session !== null)
      host.outbox.onTheWay.push({ kind: 'started', taskId, attempt, at: toTimestamp(0) });
  } else if (host.fate !== 'stuck') end(world, host, entry, host.fate === 'fail' ? 'failed' : 'succeeded');
}

/** Time has passed: the agent ends what has used up its own. */
export function endOverdue(world: HostWorld, host: VirtualHost): void {
  const entry = host.ledger.find(({ state }) => state === 'started');
  if (entry === undefined || entry.endsBy === null || world.monotonic() < entry.endsBy) return;
  end(world, host, entry, 'timed-out');
}

/** Says how it is. */
export function beat(host: VirtualHost): void {
  if (host.session === null) return;
  const vitals = {
    at: toTimestamp(0),
    load1: host.isLaden ? LOADS.ill : LOADS.well,
    memoryUsedRatio: 0.5,
    diskUsedRatio: 0.5,
    pressureCpu: null,
    pressureMemory: null,
    pressureIo: null,
    uptimeSeconds: 1,
    bootId: 'b',
  };
  host.outbox.onTheWay.push({ kind: 'heartbeat', clock: toTimestamp(0), vitals });
}

/** The agent's process dies: what had begun ends unknown, what had only been taken is forgotten. */
export function crash(world: HostWorld, host: VirtualHost): void {
  for (const entry of [...host.ledger]) {
    if (entry.state === 'started') end(world, host, entry, 'unknown');
    if (entry.state === 'accepted') host.ledger.splice(host.ledger.indexOf(entry), 1);
  }
}

/** As the agent's registry says of the actions of a step, and what undoes them interrupts alike. */
const interrupts = ({ kind, step }: EnvelopePayload): boolean =>
  kind === 'run' && step.actions.some(({ action }) => action !== 'test.run');

function end(
  world: HostWorld,
  host: VirtualHost,
  entry: LedgerEntry,
  ...[kind, code = 'TASK_REFUSED']: [kind: TaskOutcome['kind'], code?: string]
): void {
  entry.outcome = {
    kind,
    exitCode: kind === 'succeeded' ? 0 : kind === 'failed' ? 1 : null,
    signal: null,
    startedAt: entry.hasStarted ? toTimestamp(0) : null,
    endedAt: toTimestamp(1),
    output: null,
    error: kind === 'succeeded' ? null : { code, details: {} },
    result: null,
  };
  entry.state = 'ended';
  world.ended(host, entry);
  sayOutcome(host, entry);
}

/** What has become of the task, in the attempt that went furthest short of its end; an outcome is said once more. */
function answerAfter(host: VirtualHost, taskId: string): void {
  if (host.session === null) return;
  const own = host.ledger.filter((entry) => entry.taskId === taskId && !entry.isSaved);
  const state = (['started', 'accepted', 'ended'] as const).find((one) =>
    own.some((entry) => entry.state === one),
  );
  host.outbox.onTheWay.push({ kind: 'task-word', taskId, state: state ?? 'absent' });
  for (const entry of own) sayOutcome(host, entry);
}

function answerProbe(
  world: HostWorld,
  host: VirtualHost,
  frame: Extract<OutgoingFrame, { kind: 'probe' }>,
): void {
  if (host.session === null) return;
  const payload = payloadOf(world, frame.envelope.payload);
  const { taskId, askId } = frame;
  const results = (payload.header.strategy.probes ?? []).map(({ name }) => ({
    name,
    isPassing: host.probesPass,
    tries: 1,
    durationMs: 1,
    evidence: '',
  }));
  host.outbox.onTheWay.push({ kind: 'probe-result', taskId, askId, results, refused: null });
}
