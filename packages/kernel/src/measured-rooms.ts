/** Rooms and the store as the others see them, with a clock and a counter at the door. What they do stays what it was. */
import { type Clock, SECOND_MS } from '@pilothouse/base';
import type { Store } from '@pilothouse/store';
import type { GatesService } from './gates/service.ts';
import type { GatewayService } from './gateway/service.ts';
import type { Metrics } from './http/index.ts';

type Ticking = Pick<Clock, 'monotonic'>;

/** Tasks under way whose beginning is remembered: a rollout over the largest fleet. */
const TASKS_MAX = 100_000;

export function measuredStore(store: Store, clock: Ticking, metrics: Metrics): Store {
  let waiting = 0;
  metrics.gauge('pilothouse_store_transactions_waiting', () => waiting);
  return {
    engine: store.engine,
    as: () => store.as(),
    migrate: (sets) => store.migrate(sets),
    close: () => store.close(),
    async transaction(run) {
      const startedAt = clock.monotonic();
      const ended = (outcome: 'committed' | 'rolled-back'): void => {
        waiting -= 1;
        const seconds = (clock.monotonic() - startedAt) / SECOND_MS;
        metrics.observe('pilothouse_store_transaction_seconds', seconds, { outcome });
      };
      waiting += 1;
      try {
        const result = await store.transaction(run);
        ended('committed');
        return result;
      } catch (cause) {
        ended('rolled-back');
        throw cause;
      }
    },
  };
}

export function measuredGates(gates: GatesService, metrics: Metrics): GatesService {
  return {
    check: (all) => gates.check(all),
    async judge(gate, view) {
      const verdict = await gates.judge(gate, view);
      metrics.count('pilothouse_gate_judgements_total', { kind: gate.kind, verdict: verdict.kind });
      return verdict;
    },
  };
}

/** For the driver, whose frames they are: from the offer that was sent to the word that the outcome is on disk. */
export function measuredGateway(gateway: GatewayService, clock: Ticking, metrics: Metrics): GatewayService {
  const offered = new Map<string, number>();
  return {
    get sessionsCount() {
      return gateway.sessionsCount;
    },
    session: (hostId) => gateway.session(hostId),
    listen: (listener) => gateway.listen(listener),
    cut: (hostId, code) => gateway.cut(hostId, code),
    suspect: (hostId, problem) => gateway.suspect(hostId, problem),
    send(hostId, frame) {
      const answer = gateway.send(hostId, frame);
      if (frame.kind === 'offer' && answer === 'sent' && !offered.has(frame.taskId)) {
        offered.set(frame.taskId, clock.monotonic());
        const [oldest] = offered.size > TASKS_MAX ? offered.keys() : [];
        if (oldest !== undefined) offered.delete(oldest);
      }
      if (frame.kind === 'outcome-saved') {
        const startedAt = offered.get(frame.taskId);
        offered.delete(frame.taskId);
        if (startedAt !== undefined)
          metrics.observe('pilothouse_task_seconds', (clock.monotonic() - startedAt) / SECOND_MS);
      }
      return answer;
    },
  };
}
