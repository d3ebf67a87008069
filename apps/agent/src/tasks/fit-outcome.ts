import type { TaskOutcome } from '@pilothouse/contract';

/** The journal's limit for a record, less what stands around the outcome. */
export const OUTCOME_BYTES_MAX = 30 * 1024;

/** What goes first when an outcome is too large for the journal: detail, never how anything ended. */
const CUTS: readonly ((outcome: TaskOutcome) => TaskOutcome)[] = [
  (outcome) => withEvidence(outcome, 300),
  (outcome) => withActions(outcome, (action) => ({ ...action, result: null })),
  (outcome) => withEvidence(outcome, 60),
  (outcome) => withActions(outcome, (action) => ({ ...action, error: bare(action.error) })),
  (outcome) => withEvidence(outcome, 0),
  (outcome) => ({ ...outcome, result: null }),
  (outcome) => ({ ...outcome, error: bare(outcome.error) }),
];

/** Leaves out as little as it takes. */
export function fitOutcome(outcome: TaskOutcome): TaskOutcome {
  let fitting = outcome;
  for (const cut of CUTS) {
    if (Buffer.byteLength(JSON.stringify(fitting)) <= OUTCOME_BYTES_MAX) return fitting;
    fitting = cut(fitting);
  }
  return fitting;
}

type Action = NonNullable<TaskOutcome['actions']>[number];

const withActions = (outcome: TaskOutcome, change: (action: Action) => Action): TaskOutcome =>
  outcome.actions === undefined ? outcome : { ...outcome, actions: outcome.actions.map(change) };

function withEvidence(outcome: TaskOutcome, charsMax: number): TaskOutcome {
  if (outcome.probes === undefined) return outcome;
  const cut = (results: typeof outcome.probes.before) =>
    results.map((result) => ({ ...result, evidence: result.evidence.slice(0, charsMax) }));
  return { ...outcome, probes: { before: cut(outcome.probes.before), after: cut(outcome.probes.after) } };
}

const bare = (error: TaskOutcome['error']): TaskOutcome['error'] =>
  error === null ? null : { code: error.code, details: {} };
