import { type EnvelopePayload, undoAction } from '@pilothouse/contract';
import type { ActionRegistry } from './action-registry.ts';

/** What a task has made out of date. An undo takes back whatever was recorded, so it counts as all that can be. */
export function factsChangedBy(
  { step }: Pick<EnvelopePayload, 'step'>,
  { offered }: ActionRegistry,
): string[] {
  const names = step.actions.map(({ action }) => action);
  const meant = names.includes(undoAction.name) ? [...offered.keys()] : names;
  return [...new Set(meant.flatMap((name) => offered.get(name)?.action.spec.changesFacts ?? []))];
}
