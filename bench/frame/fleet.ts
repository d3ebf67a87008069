import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import type { FleetCall, FleetCalls, FleetReply, FleetState } from './fleet-protocol.ts';
import { cpuSeconds, type Traffic, traffic } from './process-usage.ts';

/**
 * So that a process stays far from the limit of 20,000 descriptors and one source address from its 28,000 ports; and so that
 * the fleet has more than one core where there is one.
 */
const AGENTS_PER_PROCESS_MAX = 5_000;
const HOSTS_NICENESS = 10;

/** A fleet of simulated agents in processes of its own. */
export interface Fleet {
  readonly size: number;
  readonly processes: number;
  /** The same call in every process; the answers in order. */
  all<C extends FleetCall>(call: C, args: FleetCalls[C]['args']): Promise<FleetCalls[C]['answer'][]>;
  /** A call whose arguments depend on the process's share. */
  each<C extends FleetCall>(
    call: C,
    argsOf: (share: FleetShare) => FleetCalls[C]['args'],
  ): Promise<FleetCalls[C]['answer'][]>;
  state(): Promise<FleetState>;
  cpuSeconds(): number;
  /** What its hosts have sent and received so far, TLS included. */
  traffic(): Traffic;
  close(): Promise<void>;
}

/** Hosts are numbered from 1. */
export interface FleetShare {
  readonly number: number;
  readonly first: number;
  readonly count: number;
}

/** `first`: the number of its first host. */
export async function openFleet(size: number, first = 1): Promise<Fleet> {
  const processes = Math.max(2, Math.ceil(size / AGENTS_PER_PROCESS_MAX));
  const per = Math.ceil(size / processes);
  const members = Array.from({ length: processes }, (_, number) => {
    const share = { number, first: first + number * per, count: Math.min(per, size - number * per) };
    return { share, child: openMember() };
  }).filter(({ share }) => share.count > 0);

  const fleet: Fleet = {
    size,
    processes: members.length,
    all: (call, args) => Promise.all(members.map(({ child }) => child.call(call, args))),
    each: (call, argsOf) => Promise.all(members.map(({ child, share }) => child.call(call, argsOf(share)))),
    async state() {
      const states = await fleet.all('state', null);
      const sum = (of: (state: FleetState) => number): number =>
        states.reduce((total, state) => total + of(state), 0);
      return {
        connected: sum((state) => state.connected),
        resumed: sum((state) => state.resumed),
        executionsMax: Math.max(...states.map((state) => state.executionsMax)),
        executions: sum((state) => state.executions),
      };
    },
    cpuSeconds: () => members.reduce((sum, { child }) => sum + cpuSeconds(child.pid), 0),
    traffic() {
      const each = members.map(({ child }) => traffic(child.pid));
      return {
        sentBytes: each.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
        receivedBytes: each.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0),
      };
    },
    async close() {
      await Promise.all(members.map(({ child }) => child.close()));
    },
  };
  return fleet;
}

function openMember() {
  const child: ChildProcess = fork(new URL('./fleet-process.ts', import.meta.url), {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  // Hosts have processors of their own: what theirs cost here must not make the server wait for its.
  if (child.pid !== undefined) setPriority(child.pid, HOSTS_NICENESS);
  const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (cause: Error) => void }>();
  let nextId = 1;
  child.on('message', (reply: FleetReply) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('failure' in reply) asked?.reject(new Error(`in a fleet process: ${reply.failure}`));
    else asked?.resolve(reply.answer);
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`a fleet process ended with ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    call<C extends FleetCall>(call: C, args: FleetCalls[C]['args']): Promise<FleetCalls[C]['answer']> {
      const id = nextId++;
      return new Promise((resolve, reject) => {
        // The reply to this id is the answer of this call: both ends are one table of types.
        waiting.set(id, { resolve: (answer) => resolve(answer as FleetCalls[C]['answer']), reject });
        child.send({ id, call, args });
      });
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
