import type { Clock } from '@pilothouse/base';
import { isAppError } from '@pilothouse/contract';
import { GATEWAY_LIMITS } from '../gateway/index.ts';
import type { Address } from '../kernel-options.ts';
import type { Log } from '../log.ts';
import type { LeaderPlace } from '../machines/service.ts';
import { createForwarder, type Forwarder } from './forward-request.ts';
import { createFrontAnswers } from './front-answers.ts';
import { FrontSessions } from './front-sessions.ts';
import type { FrontStats } from './front-stats.ts';
import { LeaderLink } from './leader-link.ts';
import { type LeaderWay, wayTo } from './leader-way.ts';
import { FRONT_LIMITS } from './limits.ts';
import { type FrontListeners, makeFrontListeners } from './open-front-listeners.ts';
import { within } from './within.ts';

export interface FrontOptions {
  /** For logs and measures: front-1. */
  readonly name: string;
  /** The socket of the leader's door, where fronts and leader are of one machine. */
  readonly leaderPath: string;
  /** Asked again and again where they may be on several; absent: they are not. */
  readonly findLeader?: () => Promise<LeaderPlace | null>;
  readonly listen: Address;
  readonly gatewayListen: Address;
  readonly gatewayProxies: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

export interface RunningFront {
  /** Resolves when both listeners are open; rejects when one cannot be. */
  readonly ready: Promise<void>;
  /** Hands everybody on to the other processes: takes nobody new, asks agents to come back, ends what is under way. */
  leave(): Promise<void>;
}

/**
 * A front: holds the connections of agents and people, and carries what comes to the leader and back. It keeps nothing, so
 * that it can end at any moment. It opens its listeners once a leader has told it what to prove itself with.
 */
export function runFront(options: FrontOptions): RunningFront {
  const { clock, log } = options;
  const answers = createFrontAnswers(log);
  const ready = Promise.withResolvers<void>();
  let listeners: FrontListeners | null = null;
  const { findLeader } = options;
  const here = wayTo({ kind: 'socket', path: options.leaderPath, term: 0 });
  const leader = new LeaderLink({
    find: findLeader === undefined ? async () => here : () => findLeader().then(wayOf),
    canMove: findLeader !== undefined,
    // What is wrong with this machine stays so; who does not listen yet is told, and who does goes on.
    refused(cause) {
      if (listeners === null && isAppError(cause) && LASTING.has(cause.code)) ready.reject(cause);
    },
    name: options.name,
    clock,
    log,
    message: (message) => sessions.receive(message),
    opened: (link) => link.onDrain(() => sessions.drained()),
    lost: () => sessions.sendAway(FRONT_LIMITS.comeBackSpreadMsPerSession),
    keys(keys) {
      if (listeners !== null) {
        listeners.agents.setKeys(keys);
        listeners.api.setKeys(keys);
        return;
      }
      listeners = makeFrontListeners(options, keys, { sessions, forwarder, answers });
      listen(options, listeners).then(ready.resolve, ready.reject);
    },
  });
  const closeDeadlineMs = GATEWAY_LIMITS.closeDeadlineMs;
  const sessions = new FrontSessions({ leader, clock, closeDeadlineMs, comeAgain: answers.comeAgain });
  const forwarder = createForwarder({ leader, refuse: answers.refuse, monotonic: () => clock.monotonic() });
  const stopStats = clock.every(FRONT_LIMITS.statsIntervalMs, () => {
    leader.link?.send('stats', 0, JSON.stringify(statsOf(listeners, sessions, forwarder)));
  });
  leader.start();
  return {
    ready: ready.promise,
    async leave() {
      // Nobody new; what is under way ends in its own time.
      const stopped = listeners === null ? [] : [listeners.agents.stop(), listeners.api.stop()];
      sessions.sendAway(0);
      forwarder.endStreams();
      await within(clock, FRONT_LIMITS.requestsDeadlineMs, Promise.all(stopped));
      listeners?.agents.drop();
      listeners?.api.drop();
      stopStats();
      leader.close();
    },
  };
}

/** A machine without the key of the installation could never lead, nor find out who does. */
const LASTING: ReadonlySet<string> = new Set(['CLUSTER_KEY_MISSING', 'CLUSTER_KEY_WRONG']);

const wayOf = (place: LeaderPlace | null): LeaderWay | null => (place === null ? null : wayTo(place));

async function listen(
  { listen: api, gatewayListen }: FrontOptions,
  listeners: FrontListeners,
): Promise<void> {
  await Promise.all([listeners.agents.listen(gatewayListen), listeners.api.listen(api)]);
}

function statsOf(
  listeners: FrontListeners | null,
  sessions: FrontSessions,
  forwarder: Forwarder,
): FrontStats {
  const { user, system } = process.cpuUsage();
  return {
    pid: process.pid,
    handshakes: listeners?.agents.handshakes ?? { full: 0, resumed: 0, failed: 0 },
    waiting: sessions.waiting + forwarder.waiting,
    requests: forwarder.count,
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
  };
}
