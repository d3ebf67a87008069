/** How the ends of a step's actions become turns, entries of the outcome, and the step's own end. Pure. */
import type { ActionEnd } from '@pilothouse/agent-kit';
import type { ActionOutcome, StepAction } from '@pilothouse/contract';
import { boundedDetails } from './task-outcome.ts';

/** What one action may take of the journal with its end; a larger typed result stays out. */
const ACTION_RESULT_BYTES_MAX = 3 * 1024;
const ACTION_DETAILS_BYTES_MAX = 2 * 1024;

/**
 * Whether it is the turn of an action, by how those before it ended. The last entry is the one before it, whether it ran
 * or was passed over.
 */
export function isDue(when: StepAction['when'], before: readonly ActionOutcome[]): boolean {
  const last = before.at(-1);
  switch (when) {
    case 'always':
      return true;
    case 'failed':
      return before.some(isUnsuccessful);
    case 'changed':
      return last?.kind === 'succeeded' && last.result?.['changed'] === true;
    case undefined:
      return !before.some(isUnsuccessful);
  }
}

const isUnsuccessful = ({ kind }: ActionOutcome): boolean => kind !== 'succeeded' && kind !== 'passed-over';

export const passedOver = (action: string): ActionOutcome => ({
  action,
  kind: 'passed-over',
  exitCode: null,
  error: null,
  result: null,
});

export function outcomeOfAction(action: string, end: ActionEnd): ActionOutcome {
  const exitCode = end.exitCode ?? null;
  if (end.kind === 'succeeded') {
    const result = end.result ?? null;
    return { action, kind: end.kind, exitCode, error: null, result: fits(result) ? result : null };
  }
  const details = boundedDetails(end.error.details);
  const error = {
    code: end.error.code,
    details: JSON.stringify(details).length <= ACTION_DETAILS_BYTES_MAX ? details : {},
  };
  return { action, kind: end.kind, exitCode, error, result: null };
}

const fits = (result: unknown): boolean =>
  Buffer.byteLength(JSON.stringify(result)) <= ACTION_RESULT_BYTES_MAX;

/** The other way, for what an earlier process of the agent wrote down. */
export function endOfOutcome(outcome: ActionOutcome): ActionEnd {
  const exit = outcome.exitCode === null ? {} : { exitCode: outcome.exitCode };
  if (outcome.kind === 'succeeded' || outcome.kind === 'passed-over')
    return { kind: 'succeeded', ...exit, ...(outcome.result === null ? {} : { result: outcome.result }) };
  const error = outcome.error ?? { code: 'TASK_ACTION_CRASHED', details: { action: outcome.action } };
  return { kind: outcome.kind, ...exit, error };
}

/** The end of the step: the first that did not succeed, also when a later action repaired it; else the last that ran. */
export function endOfStep(ran: readonly ActionEnd[]): ActionEnd {
  return ran.find(({ kind }) => kind !== 'succeeded') ?? ran.at(-1) ?? { kind: 'succeeded' };
}
