import { EnvelopePayload, type HostId, type TaskOutcome, toTimestamp } from '@pilothouse/contract';
import { AGENT_CAPABILITIES, type AgentFrame, type AgentFrameOf, type JournalEntry } from '@pilothouse/wire';
import type { OpenSession, OutgoingFrame } from '../../gateway/service.ts';

/** How a host carries its tasks out. `stuck`: only a cancel or a crash ends them. */
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
  readonly inbox: OutgoingFrame[];
  readonly outbox: Unaddressed[];
  readonly ledger: LedgerEntry[];
}

export const newHost = (id: HostId, fate: Fate): VirtualHost => ({
  id,
  fate,
  probesPass: true,
  session: null,
  isCutOff: false,
  inbox: [],
  outbox: [],
  ledger: [],
});

export interface HostWorld {
  readonly now: () => number;
  /** The action begins: told before anything else, as a journal is written before it. */
  readonly started: (host: VirtualHost, entry: LedgerEntry) => void;
  readonly ended: (host: VirtualHost, entry: LedgerEntry) => void;
}

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
    host.outbox.push({ kind: 'outcome', taskId, attempt, outcome, outputInline: null });
}

/** Takes in the oldest frame from the server. */
export function read(world: HostWorld, host: VirtualHost): void {
  const frame = host.inbox.shift();
  if (frame === undefined) return;
  if (frame.kind === 'offer') return takeOffer(world, host, frame);
  if (frame.kind === 'probe') return answerProbe(host, frame);
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
  const payload = EnvelopePayload.parse(JSON.parse(frame.envelope.payload));
  const entry: LedgerEntry = {
    taskId,
    attempt,
    payload,
    state: 'accepted',
    hasStarted: false,
    outcome: null,
    isSaved: false,
  };
  host.ledger.push(entry);
  if (Date.parse(payload.notAfter) < world.now()) end(world, host, entry, 'refused');
  else if (host.session !== null) host.outbox.push({ kind: 'accepted', taskId, attempt });
}

/** Goes one step on with the oldest open task: begins it, or ends it. */
export function work(world: HostWorld, host: VirtualHost): void {
  const entry = host.ledger.find((each) => each.state !== 'ended');
  if (entry === undefined) return;
  const { taskId, attempt } = entry;
  if (entry.state === 'accepted') {
    if (Date.parse(entry.payload.notAfter) < world.now()) return end(world, host, entry, 'refused');
    entry.state = 'started';
    entry.hasStarted = true;
    world.started(host, entry);
    if (host.session !== null) host.outbox.push({ kind: 'started', taskId, attempt, at: toTimestamp(0) });
  } else if (host.fate !== 'stuck') end(world, host, entry, host.fate === 'fail' ? 'failed' : 'succeeded');
}

/** The agent's process dies: what had begun ends unknown, what had only been taken is forgotten. */
export function crash(world: HostWorld, host: VirtualHost): void {
  for (const entry of [...host.ledger]) {
    if (entry.state === 'started') end(world, host, entry, 'unknown');
    if (entry.state === 'accepted') host.ledger.splice(host.ledger.indexOf(entry), 1);
  }
}

function end(world: HostWorld, host: VirtualHost, entry: LedgerEntry, kind: TaskOutcome['kind']): void {
  entry.outcome = {
    kind,
    exitCode: kind === 'succeeded' ? 0 : kind === 'failed' ? 1 : null,
    signal: null,
    startedAt: entry.hasStarted ? toTimestamp(0) : null,
    endedAt: toTimestamp(1),
    output: null,
    error: kind === 'succeeded' ? null : { code: 'TASK_REFUSED', details: {} },
    result: null,
  };
  entry.state = 'ended';
  world.ended(host, entry);
  sayOutcome(host, entry);
}

function answerProbe(host: VirtualHost, frame: Extract<OutgoingFrame, { kind: 'probe' }>): void {
  if (host.session === null) return;
  const payload = EnvelopePayload.parse(JSON.parse(frame.envelope.payload));
  const { taskId, askId } = frame;
  const results = (payload.header.strategy.probes ?? []).map(({ name }) => ({
    name,
    isPassing: host.probesPass,
    tries: 1,
    durationMs: 1,
    evidence: '',
  }));
  host.outbox.push({ kind: 'probe-result', taskId, askId, results, refused: null });
}
