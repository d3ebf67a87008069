/** Rooms and the store as the others see them, with a clock, a counter and a span at the door. What they do stays what it was. */
import { type Clock, SECOND_MS } from '@pilothouse/base';
import type { Store } from '@pilothouse/store';
import type { GatesService } from './gates/service.ts';
import type { GatewayService } from './gateway/service.ts';
import type { Metrics } from './http/index.ts';
import { inSpan, pastSpan } from './tracing.ts';

type Ticking = Pick<Clock, 'monotonic' | 'now'>;

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
        const attributes = { 'db.system.name': store.engine === 'sqlite' ? 'sqlite' : 'postgresql' };
        const result = await inSpan('store.transaction', attributes, (span) =>
          store.transaction((transaction) => {
            // Transactions come one after another: the rest of the span is their work.
            span.setAttribute('pilothouse.store.waited_ms', clock.monotonic() - startedAt);
            return run(transaction);
          }),
        );
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
      const verdict = await inSpan('gate.judge', { 'pilothouse.gate.kind': gate.kind }, async (span) => {
        const judged = await gates.judge(gate, view);
        span.setAttribute('pilothouse.gate.verdict', judged.kind);
        return judged;
      });
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
        if (startedAt === undefined) return answer;
        const tookMs = clock.monotonic() - startedAt;
        metrics.observe('pilothouse_task_seconds', tookMs / SECOND_MS);
        const attributes = { 'pilothouse.host.id': hostId, 'pilothouse.task.id': frame.taskId };
        pastSpan('task', attributes, { from: clock.now() - tookMs, to: clock.now() });
      }
      return answer;
    },
  };
}
