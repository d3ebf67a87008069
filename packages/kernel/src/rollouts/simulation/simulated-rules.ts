/**
 * The rooms that say no: the real ledger of budgets, the real calendar and the real judge of gates, each over the simulated
 * disk, clock and hosts. Only what is no part of this program is made up: what Prometheus answers.
 */
import type { HostId } from '@pilothouse/contract';
import { type BudgetsRoom, createBudgets } from '../../budgets/index.ts';
import type { BudgetLedger } from '../../budgets/service.ts';
import { createCalendar } from '../../calendar/index.ts';
import type { FactsService } from '../../facts/service.ts';
import type { FindingsBook } from '../../findings/service.ts';
import { createGates } from '../../gates/index.ts';
import type { GatesService } from '../../gates/service.ts';
import type { KernelContext } from '../../kernel-context.ts';
import type { RolloutsDeps } from '../create-rollouts.ts';
import type { VirtualPrometheus } from './virtual-prometheus.ts';

type Shared = Pick<RolloutsDeps, 'hosts' | 'gateway' | 'events' | 'audit' | 'select'>;

/** What a world sees of the rules at work; nothing here changes what they answer. */
export interface RulesWatch {
  /** The ledger lets a task interrupt its host that held no lease before. */
  readonly granted: (hostId: HostId) => void;
  /** A probe has said that a host is down or well. */
  readonly marked: (hostId: HostId, isFailing: boolean) => void;
  /** The judge has answered. */
  readonly judged: (...answer: JudgeAnswer) => void;
}

export type JudgeAnswer = [
  gate: Parameters<GatesService['judge']>[0],
  view: Parameters<GatesService['judge']>[1],
  verdict: Awaited<ReturnType<GatesService['judge']>>,
];

export async function openRules(
  context: KernelContext,
  shared: Shared,
  { prometheus, watch }: { readonly prometheus: VirtualPrometheus; readonly watch: RulesWatch },
) {
  const deps = {
    ...shared,
    facts: noFacts,
    findings: noFindings,
    groups: { onChange: () => () => undefined },
  };
  const { budgets, ...ledger } = await createBudgets(context, deps);
  const { calendar, endpoints } = await createCalendar(context, deps);
  const gates = createGates(context, { ...deps, prometheus });
  return {
    budgets: watchedLedger(budgets, ledger.leases, watch),
    calendar,
    gates: {
      check: (all) => gates.check(all),
      async judge(gate, view) {
        const verdict = await gates.judge(gate, view);
        watch.judged(gate, view, verdict);
        return verdict;
      },
    } satisfies GatesService,
    leases: ledger.leases,
    endpoints: [...ledger.endpoints, ...endpoints],
    reconcilers: ledger.reconcilers,
  };
}

function watchedLedger(
  budgets: BudgetLedger,
  leases: BudgetsRoom['leases'],
  watch: RulesWatch,
): BudgetLedger {
  return {
    ...budgets,
    take(wish) {
      const isHeld = leases.get(wish.taskId)?.endedAt === null;
      const answer = budgets.take(wish);
      if (answer.kind === 'granted' && !isHeld) watch.granted(wish.hostId);
      return answer;
    },
    setFailing(said) {
      budgets.setFailing(said);
      watch.marked(said.hostId, said.isFailing);
    },
  };
}

/** Selectors of a simulated world name hosts and labels alone. */
const noFacts: Pick<FactsService, 'warm' | 'has' | 'bodyNow' | 'onChange'> = {
  warm: async () => undefined,
  has: () => false,
  bodyNow: () => null,
  onChange: () => () => undefined,
};

const noFindings: Pick<FindingsBook, 'list' | 'reconcile' | 'specs'> = {
  list: async () => ({ items: [], nextCursor: null }),
  reconcile: async () => undefined,
  specs: new Map(),
};
