/**
 * Parameters that differ between hosts by their labels, filled in when the plan is made. Hosts whose labels say the same
 * share one list of actions, so ten thousand hosts of three sites hold three. Labels are read once, here: one that is
 * changed later changes nothing of the plan.
 */
import {
  AppError,
  canonicalJson,
  labelOf,
  PARAMETERS_BYTES_MAX,
  type StepAction,
} from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import type { ActionRegistry } from './action-registry.ts';
import { namesOf } from './resolve-targets.ts';

/** All lists of one plan together, which is held in memory with its tree: 64 lists of the largest parameters. */
const LISTS_BYTES_MAX = 64 * PARAMETERS_BYTES_MAX;

export interface ActionsByHost {
  readonly lists: readonly (readonly StepAction[])[];
  /** For each host, in order, its list. */
  readonly listOf: readonly number[];
}

/** AppError PLAN_LABEL_MISSING, PLAN_PARAMETERS_TOO_LARGE, PLAN_PARAMETERS_INVALID. */
export function actionsByHost(
  registry: Pick<ActionRegistry, 'labelsAskedBy' | 'fillLabels' | 'check'>,
  actions: readonly StepAction[],
  hosts: readonly HostEntry[],
): ActionsByHost {
  const keys = registry.labelsAskedBy(actions);
  if (keys.length === 0) return { lists: [actions], listOf: hosts.map(() => 0) };
  for (const label of keys) requireLabel(label, hosts);
  const lists: (readonly StepAction[])[] = [];
  const indexByValues = new Map<string, number>();
  let sizeBytes = 0;
  const listOf = hosts.map(({ labels }) => {
    const values = Object.fromEntries(keys.map((key) => [key, labelOf(labels, key) ?? '']));
    const key = canonicalJson(values);
    const known = indexByValues.get(key);
    if (known !== undefined) return known;
    const filled = registry.check(registry.fillLabels(actions, values)).actions;
    sizeBytes += canonicalJson(filled).length;
    if (sizeBytes > LISTS_BYTES_MAX) throw tooLarge(actions);
    indexByValues.set(key, lists.length);
    return lists.push(filled) - 1;
  });
  return { lists, listOf };
}

function requireLabel(label: string, hosts: readonly HostEntry[]): void {
  const lacking = hosts.filter(({ labels }) => !Object.hasOwn(labels, label));
  if (lacking.length > 0)
    throw new AppError('PLAN_LABEL_MISSING', { label, count: lacking.length, hosts: namesOf(lacking) });
}

const tooLarge = (actions: readonly StepAction[]): AppError =>
  new AppError('PLAN_PARAMETERS_TOO_LARGE', {
    action: actions.map(({ action }) => action).join(', '),
    limitBytes: LISTS_BYTES_MAX,
  });
