/**
 * How true a dry run was.
 *
 * An action that says what it changes says it in `result.changes`, in a dry run what it would change. A prediction has
 * come true when the run succeeded and changed exactly that, whatever the order. Where either side did not say, or nobody
 * knows how the run ended, nothing can be held against anything: that is counted as such, and never as a match.
 */
import { canonicalJson, type TaskOutcome, type TaskState } from '@pilothouse/contract';

export type Verdict = 'matched' | 'differs' | 'not-comparable';

/** How a task ended, as results hold it. */
export interface EndedTask {
  readonly state: TaskState;
  readonly outcome: Pick<TaskOutcome, 'kind' | 'result' | 'actions'> | null;
}

export interface ActionComparison {
  readonly action: string;
  readonly verdict: Verdict;
  /** Canonical JSON of each change, in order; null: it did not say. */
  readonly predicted: readonly unknown[] | null;
  readonly actual: readonly unknown[] | null;
}

/** One entry an action of the step; `actions` names them in order. */
export function comparePrediction(
  actions: readonly string[],
  dryRun: EndedTask,
  run: EndedTask,
): ActionComparison[] {
  return actions.map((action, index) => {
    const predicted = endOf(dryRun, actions, index);
    const actual = endOf(run, actions, index);
    return {
      action,
      verdict: verdictOf(predicted, actual),
      predicted: predicted.changes,
      actual: actual.changes,
    };
  });
}

interface ActionEnd {
  /** open: nobody can say, or its turn did not come. */
  readonly kind: 'succeeded' | 'failed' | 'open';
  readonly changes: readonly unknown[] | null;
}

function endOf({ state, outcome }: EndedTask, actions: readonly string[], index: number): ActionEnd {
  const own = outcome?.actions?.[index];
  if (own !== undefined && own.action === actions[index])
    return { kind: kindOf(own.kind), changes: changesOf(own.result) };
  // An agent tells actions apart where there are several; the outcome of a lone one is the task's.
  if (outcome === null || actions.length > 1) return { kind: 'open', changes: null };
  const isKnown = state === 'succeeded' || state === 'failed';
  return { kind: isKnown ? kindOf(outcome.kind) : 'open', changes: changesOf(outcome.result) };
}

const kindOf = (kind: string): ActionEnd['kind'] =>
  kind === 'succeeded' || kind === 'failed' ? kind : 'open';

function changesOf(result: TaskOutcome['result']): readonly unknown[] | null {
  const changes = result?.['changes'];
  return Array.isArray(changes) ? changes : null;
}

function verdictOf(predicted: ActionEnd, actual: ActionEnd): Verdict {
  if (predicted.kind !== 'succeeded' || predicted.changes === null) return 'not-comparable';
  if (actual.kind === 'failed') return 'differs';
  if (actual.kind !== 'succeeded' || actual.changes === null) return 'not-comparable';
  return textOf(predicted.changes) === textOf(actual.changes) ? 'matched' : 'differs';
}

const textOf = (changes: readonly unknown[]): string => changes.map(canonicalJson).sort().join('\n');
