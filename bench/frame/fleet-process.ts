/** A process of its own that holds a share of a fleet: simulated agents with their own certificates, told what to do over IPC. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EnvelopePayload } from '@pilothouse/contract';
import {
  enrolSimulated,
  honest,
  newSimulatedKey,
  SimulatedAgent,
  type SimulatedIdentity,
  type SimulatedKey,
} from '@pilothouse/testkit';
import { factsOfHost } from './fact-bodies.ts';
import type { FleetCall, FleetCalls, FleetQuestion, FleetReply } from './fleet-protocol.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { epochMs } from './statistics.ts';

const KEYS_CONCURRENT = 4;
const ATTEMPTS_MAX = 10;
const RETRY_MS = 1_000;
/** One of so many offers is read as a host would; the others cost their hosts' cores, not these. */
const READ_EVERY = 50;

let first = 0;
let keys: SimulatedKey[] = [];
let identities: SimulatedIdentity[] = [];
let agents: SimulatedAgent[] = [];
let saved: number[] = [];
let offers = 0;

/** As the real agent does, a host that the gateway has no time for comes again. */
async function untilTaken<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (cause) {
      if (attempt === ATTEMPTS_MAX) throw cause;
      await delay(RETRY_MS * (1 + Math.random()));
    }
  }
}

const nameOf = (index: number): string => `sim-${String(first + index).padStart(5, '0')}`;

function readSome(text: string): void {
  offers += 1;
  if (offers % READ_EVERY === 1) EnvelopePayload.parse(JSON.parse(text));
}

const calls: { [C in FleetCall]: (args: FleetCalls[C]['args']) => Promise<FleetCalls[C]['answer']> } = {
  async makeKeys({ first: from, count }) {
    first = from;
    keys = await mapConcurrently(count, KEYS_CONCURRENT, () => newSimulatedKey());
    return null;
  },
  async enrol({ token, concurrent }) {
    const times: number[] = [];
    identities = await mapConcurrently(keys.length, concurrent, async (index) => {
      const began = performance.now();
      const identity = await untilTaken(() => enrolSimulated(token, nameOf(index), keys[index]));
      times.push(performance.now() - began);
      return identity;
    });
    return times;
  },
  identities: async () => identities,
  async load({ file, gatewayUrl, first: from, count }) {
    first = from;
    // Written by this very benchmark, in its own temporary directory.
    const all = JSON.parse(readFileSync(file, 'utf8')) as SimulatedIdentity[];
    identities = all.slice(from - 1, from - 1 + count).map((identity) => ({ ...identity, gatewayUrl }));
    return null;
  },
  async prepare({ actions, output, delayMs, localAddress, hasFacts, heartbeatIntervalMs }) {
    agents = identities.map(
      (identity, index) =>
        new SimulatedAgent({
          identity,
          hostName: nameOf(index),
          behaviour: honest(output, delayMs),
          actions,
          localAddress,
          ...(heartbeatIntervalMs === null ? {} : { heartbeatIntervalMs }),
          ...(hasFacts ? { facts: factsOfHost(first + index, { day: 0, isUpgraded: false }) } : {}),
          readPayload: readSome,
          saved: () => saved.push(epochMs()),
        }),
    );
    return null;
  },
  async connect({ concurrent }) {
    await mapConcurrently(agents.length, concurrent, (index) =>
      untilTaken(async () => agents[index]?.connect()),
    );
    return null;
  },
  async keep() {
    for (const agent of agents) agent.keepConnected();
    return null;
  },
  async cut() {
    for (const agent of agents) agent.cut();
    return null;
  },
  async cutSome({ share }) {
    for (const agent of agents) if (Math.random() < share) agent.cut();
    return null;
  },
  async saved() {
    const seen = saved;
    saved = [];
    return seen;
  },
  async churn({ kind, day, spreadMs }) {
    const isUpgraded = kind === 'package';
    await mapConcurrently(agents.length, agents.length, async (index) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * spreadMs));
      agents[index]?.changeFacts(factsOfHost(first + index, { day, isUpgraded }));
    });
    return null;
  },
  async state() {
    const counts = agents.flatMap((agent) => [...agent.executions.values()]);
    const connected = agents.filter((agent) => agent.isConnected);
    return {
      connected: connected.length,
      resumed: connected.filter((agent) => agent.isResumed).length,
      executionsMax: counts.reduce((most, count) => Math.max(most, count), 0),
      executions: counts.reduce((sum, count) => sum + count, 0),
    };
  },
};

process.on('message', (question: FleetQuestion) => {
  const { id, call, args } = question;
  const reply = (content: FleetReply): void => void process.send?.(content);
  // The types of the two ends are one table.
  (calls[call] as (args: unknown) => Promise<unknown>)(args).then(
    (answer) => reply({ id, answer }),
    (cause: unknown) =>
      reply({ id, failure: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }),
  );
});
process.on('disconnect', () => process.exit());
