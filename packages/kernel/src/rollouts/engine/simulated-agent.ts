import type { OutcomeWord } from './inputs.ts';

export type AgentWord =
  | { kind: 'hello'; entries: { attempt: number; state: 'accepted' | 'started' | 'ended' }[] }
  | { kind: 'accepted' | 'started'; attempt: number }
  | { kind: 'outcome'; attempt: number; outcome: OutcomeWord };

type Frame =
  | { kind: 'offer'; attempt: number; startBy: number }
  | { kind: 'withdraw' | 'cancel' }
  | { kind: 'saved'; attempt: number };

interface LedgerEntry {
  attempt: number;
  state: 'accepted' | 'started' | 'ended';
  startBy: number;
  outcome: OutcomeWord | null;
  isSaved: boolean;
}

/** One host of one task: a ledger that survives crashes, and a session that does not. */
export interface SimulatedAgent {
  /** `vanish`: once its session breaks it is never heard of again. */
  readonly fate: 'succeed' | 'fail' | 'refuse' | 'vanish';
  isOnline: boolean;
  /** The server has read this session's hello: before that it must not send, or the journal is older than the offer. */
  isHeard: boolean;
  /** How often the action was begun: never more than once, whatever happens. */
  executions: number;
  readonly ledger: LedgerEntry[];
  inbox: Frame[];
  outbox: AgentWord[];
  read(): void;
  work(): void;
  connect(): void;
  disconnect(): void;
  crash(): void;
}

const wordOf = (kind: OutcomeWord['kind'], hasStarted: boolean, code = `AGENT_${kind}`): OutcomeWord => ({
  kind,
  startedAt: hasStarted ? '2026-01-01T00:00:00.000Z' : null,
  error: kind === 'succeeded' ? null : { code, details: {} },
});

export function newAgent(
  fate: SimulatedAgent['fate'],
  clock: { readonly now: () => number; readonly began: () => void },
): SimulatedAgent {
  const open = (): LedgerEntry | undefined => agent.ledger.find((entry) => entry.state !== 'ended');
  const say = (word: AgentWord): void => void (agent.isOnline && agent.outbox.push(word));
  const finish = (entry: LedgerEntry, kind: OutcomeWord['kind'], code?: string): void => {
    const outcome = wordOf(kind, entry.state === 'started', code);
    Object.assign(entry, { state: 'ended', outcome });
    say({ kind: 'outcome', attempt: entry.attempt, outcome });
  };
  const takeOffer = ({ attempt, startBy }: Extract<Frame, { kind: 'offer' }>): void => {
    if (agent.ledger.some((entry) => entry.attempt >= attempt)) return;
    const entry: LedgerEntry = { attempt, state: 'accepted', startBy, outcome: null, isSaved: false };
    agent.ledger.push(entry);
    if (fate === 'refuse') finish(entry, 'refused');
    else say({ kind: 'accepted', attempt });
  };
  const agent: SimulatedAgent = {
    fate,
    isOnline: true,
    isHeard: true,
    executions: 0,
    ledger: [],
    inbox: [],
    outbox: [],
    read() {
      const frame = agent.inbox.shift();
      const entry = open();
      if (frame?.kind === 'offer') takeOffer(frame);
      if (frame?.kind === 'withdraw' && entry?.state === 'accepted') finish(entry, 'cancelled');
      if (frame?.kind === 'cancel' && entry !== undefined) finish(entry, 'cancelled');
      if (frame?.kind !== 'saved') return;
      for (const known of agent.ledger) if (known.attempt === frame.attempt) known.isSaved = true;
    },
    work() {
      const entry = open();
      if (entry?.state === 'accepted' && clock.now() > entry.startBy)
        finish(entry, 'refused', 'TASK_START_OVERDUE');
      else if (entry?.state === 'accepted') {
        clock.began();
        entry.state = 'started';
        agent.executions += 1;
        say({ kind: 'started', attempt: entry.attempt });
      } else if (entry !== undefined) finish(entry, fate === 'succeed' ? 'succeeded' : 'failed');
    },
    connect() {
      if (agent.isOnline || fate === 'vanish') return;
      agent.isOnline = true;
      const entries = agent.ledger.filter((entry) => !entry.isSaved);
      say({ kind: 'hello', entries: entries.map(({ attempt, state }) => ({ attempt, state })) });
      for (const { attempt, outcome } of entries)
        if (outcome !== null) say({ kind: 'outcome', attempt, outcome });
    },
    disconnect() {
      agent.isOnline = false;
      agent.isHeard = false;
      agent.inbox = [];
      agent.outbox = [];
    },
    crash() {
      agent.disconnect();
      const entry = open();
      if (entry?.state === 'started') finish(entry, 'unknown');
      // What was accepted and not begun is known to the process alone.
      if (entry?.state === 'accepted') agent.ledger.splice(agent.ledger.indexOf(entry), 1);
    },
  };
  return agent;
}
