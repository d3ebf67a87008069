/**
 * Asks hosts for facts at once.
 *
 * Problem: what is shown of the fleet is as old as the interval of its fact, and somebody who has just changed a file wants to
 * see what is. A host that found nothing new reports nothing, so silence does not say whether it has looked.
 *
 * Rule: a host is asked under an id and says when it has collected; what it reported before that word is stored before the word
 * counts, and bodies that nobody had are waited for. Agents without the capability are asked and not waited for.
 *
 * Limits: ASKS_OPEN_MAX at once, each for COLLECT_HOSTS_MAX hosts and COLLECT_WAIT_MS_MAX; a host collects one round at a time.
 */
import type { Clock } from '@pilothouse/base';
import {
  AppError,
  COLLECT_HOSTS_MAX,
  type CollectState,
  type FactCollection,
  type HostId,
} from '@pilothouse/contract';
import type { AgentCapability } from '@pilothouse/wire';
import type { GatewayService } from '../gateway/service.ts';
import type { HostEntry, HostsService } from '../hosts/service.ts';
import type { FactsService } from './service.ts';

const ASKS_OPEN_MAX = 16;

export interface CollectNowDeps {
  readonly clock: Clock;
  readonly hosts: Pick<HostsService, 'index'>;
  readonly facts: Pick<FactsService, 'has' | 'onChange'>;
  readonly gateway: Pick<GatewayService, 'send' | 'session' | 'listen'>;
}

export interface CollectRequest {
  readonly hosts: readonly HostEntry[];
  readonly facts: readonly string[];
  readonly waitMs: number;
}

/** AppError FACT_COLLECT_TOO_MANY, FACT_COLLECT_BUSY. */
export type CollectNow = (request: CollectRequest) => Promise<FactCollection>;

/** One asking, under way. */
interface Ask {
  readonly states: Map<HostId, CollectState>;
  /** Hosts that have not said that they are done. */
  readonly silent: Set<HostId>;
  /** Ends it when nobody is waited for any more. */
  readonly look: () => void;
}

export function createCollectNow(deps: CollectNowDeps): CollectNow {
  const open = new Map<string, Ask>();
  let count = 0;
  const end = (askId: string, hostId: HostId, state: CollectState): void => {
    const ask = open.get(askId);
    if (ask?.silent.delete(hostId) !== true) return;
    ask.states.set(hostId, state);
    ask.look();
  };
  deps.gateway.listen({
    collected: ({ hostId }, askId) => end(askId, hostId, 'collected'),
    closed({ hostId }) {
      for (const askId of open.keys()) end(askId, hostId, 'offline');
    },
  });
  return async (request) => {
    const { hosts, facts, waitMs } = request;
    if (hosts.length > COLLECT_HOSTS_MAX)
      throw new AppError('FACT_COLLECT_TOO_MANY', { count: hosts.length, limit: COLLECT_HOSTS_MAX });
    if (open.size >= ASKS_OPEN_MAX) throw new AppError('FACT_COLLECT_BUSY', { open: open.size });
    count += 1;
    const askId = `c${count}`;
    const ended = Promise.withResolvers<void>();
    const ask = newAsk(deps, facts, ended.resolve);
    open.set(askId, ask);
    for (const { id } of hosts) {
      const state = askHost(deps, { hostId: id, facts, askId });
      if (state === null) ask.silent.add(id);
      ask.states.set(id, state ?? 'late');
    }
    const stops = [deps.clock.after(waitMs, ended.resolve), deps.facts.onChange(ask.look)];
    ask.look();
    await ended.promise;
    for (const stop of stops) stop();
    open.delete(askId);
    return answerOf(request, ask);
  };
}

function newAsk(
  { hosts, facts }: Pick<CollectNowDeps, 'hosts' | 'facts'>,
  wanted: readonly string[],
  end: () => void,
): Ask {
  const states: Ask['states'] = new Map();
  const silent: Ask['silent'] = new Set();
  const isKnown = (hostId: HostId): boolean =>
    wanted.every((fact) => {
      const digest = hosts.index.get(hostId)?.facts.get(fact)?.digest;
      return digest === undefined || facts.has(fact, digest);
    });
  return {
    states,
    silent,
    look() {
      if (silent.size > 0) return;
      if ([...states].every(([hostId, state]) => state !== 'collected' || isKnown(hostId))) end();
    },
  };
}

/** Null: it will say when it is done. */
function askHost(
  { gateway }: Pick<CollectNowDeps, 'gateway'>,
  {
    hostId,
    facts,
    askId,
  }: { readonly hostId: HostId; readonly facts: readonly string[]; readonly askId: string },
): CollectState | null {
  const session = gateway.session(hostId);
  if (session === null) return 'offline';
  const isAnswering = session.hello.capabilities?.includes('collected' satisfies AgentCapability) === true;
  const frame = { kind: 'collect' as const, facts: [...facts] };
  const sent = gateway.send(hostId, isAnswering ? { ...frame, askId } : frame);
  if (sent !== 'sent') return sent === 'offline' ? 'offline' : 'late';
  return isAnswering ? null : 'asked';
}

function answerOf({ hosts, facts }: CollectRequest, { states }: Ask): FactCollection {
  const counts = { collected: 0, asked: 0, late: 0, offline: 0 };
  const rows = hosts.map(({ id, name }) => {
    const state = states.get(id) ?? 'late';
    counts[state] += 1;
    return { hostId: id, hostName: name, state };
  });
  return { facts: [...facts], hosts: rows, counts };
}
