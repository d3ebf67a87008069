import { SECOND_MS } from '@pilothouse/base';
import type { Budget } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import type { Selector } from '../select/service.ts';
import { type BudgetRoll, dropBudget, putBudget, reevaluate, undeterminedHosts } from './budget-roll.ts';
import { readBudgets } from './budgets-store.ts';
import type { BudgetsDeps } from './create-budgets.ts';

const RECONCILE_INTERVAL_MS = 15 * SECOND_MS;

/** The budgets as they stand, and who their members are. */
export interface Membership {
  /** By name. */
  readonly budgets: ReadonlyMap<string, Budget>;
  put(budget: Budget): void;
  drop(name: string): void;
  /** Loads what the selector reads, so that `put` finds it. AppError SELECTOR_INVALID. */
  warm(selector: string): Promise<void>;
  readonly reconciler: Reconciler;
}

/**
 * Members move with labels, groups and facts: each change of a host judges that host anew, a change of groups all. Where a
 * body has merely left the memory the host is undetermined, hence down, until the reconciler has fetched the body.
 */
export async function createMembership(
  context: KernelContext,
  deps: Pick<BudgetsDeps, 'select' | 'facts' | 'groups'>,
  roll: BudgetRoll,
): Promise<Membership> {
  const budgets = new Map<string, Budget>();
  const compiled = new Map<string, Selector | null>();
  const put = (budget: Budget): void => {
    const selector = compileOrNull(deps, budget.selector);
    budgets.set(budget.name, budget);
    compiled.set(budget.name, selector);
    putBudget(roll, budget, (host) => selector?.evaluate(host) ?? 'unknown');
  };
  const factsRead = (): string[] => [
    ...new Set([...compiled.values()].flatMap((selector) => selector?.facts ?? [])),
  ];
  const warm = async (facts: readonly string[]): Promise<void> => {
    for (const fact of facts) await deps.facts.warm(fact);
  };

  for (const budget of await readBudgets(context.store)) {
    await warm(compileOrNull(deps, budget.selector)?.facts ?? []);
    put(budget);
  }
  deps.facts.onChange((changes) => reevaluate(roll, new Set(changes.map(({ hostId }) => hostId))));
  deps.groups.onChange(() => {
    for (const budget of budgets.values()) {
      const selector = compileOrNull(deps, budget.selector);
      if (selector === null || selector.groupRefs === null || selector.groupRefs.length > 0) put(budget);
    }
  });

  return {
    budgets,
    put,
    drop(name) {
      budgets.delete(name);
      compiled.delete(name);
      dropBudget(roll, name);
    },
    warm: (selector) => warm(deps.select.compile(selector).facts),
    reconciler: {
      name: 'budgets.members',
      intervalMs: RECONCILE_INTERVAL_MS,
      async run() {
        const forgotten = undeterminedHosts(roll).filter((host) => hasForgotten(deps, factsRead(), host));
        if (forgotten.length === 0) return;
        await warm(factsRead());
        reevaluate(
          roll,
          forgotten.map(({ id }) => id),
        );
      },
    },
  };
}

/** Null when its facts have gone with their plugin: then nobody knows who is a member. */
function compileOrNull({ select }: Pick<BudgetsDeps, 'select'>, text: string): Selector | null {
  try {
    return select.compile(text);
  } catch {
    // It compiled when it was put; with all hosts undetermined the budget refuses, which is on the safe side.
    return null;
  }
}

const hasForgotten = (
  { facts }: Pick<BudgetsDeps, 'facts'>,
  read: readonly string[],
  host: HostEntry,
): boolean =>
  read.some((fact) => {
    const digest = host.facts.get(fact)?.digest;
    return digest !== undefined && facts.has(fact, digest) && facts.bodyNow(digest) === null;
  });
