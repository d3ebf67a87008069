import { DAY_MS } from '@pilothouse/base';
import { type EnvelopePayload, toTimestamp } from '@pilothouse/contract';
import type { Journal } from '../journal/journal.ts';
import type { GrantedBy } from '../journal/journal-record.ts';
import type { ServerTime } from './server-time.ts';

/** The ledger remembers a step a little longer than its window, for clocks that differ. */
const LEDGER_MARGIN_MS = 10 * 60_000;
/** What people signed stays in it until nobody may sign an envelope for it again, and a day more for its undo. */
const SIGNED_LEDGER_MARGIN_MS = DAY_MS;
/** Durable on return: from here on the step counts as run, by the word that granted it. */
export function noteStart(
  payload: EnvelopePayload,
  { at, granted }: { readonly at: string; readonly granted: GrantedBy },
  { journal, serverTime }: { readonly journal: Journal; readonly serverTime: ServerTime },
): void {
  const { taskId, attempt, planDigest, stepIndex } = payload;
  journal.started({
    taskId,
    attempt,
    planDigest,
    stepIndex,
    at,
    isDryRun: payload.kind === 'dry-run',
    serverTimeMs: serverTime.now() ?? Date.parse(payload.serverTime),
    expiresAt: toTimestamp(rememberedUntilMs(payload, granted, journal)),
    granted,
    ...(payload.step.actions.length > 1 ? { actions: payload.step.actions.length } : {}),
  });
}

function rememberedUntilMs(payload: EnvelopePayload, { by, undoOf }: GrantedBy, journal: Journal): number {
  const { header, notAfter, authority } = payload;
  const isSigned = by !== 'server' || authority !== undefined;
  if (!isSigned) return Date.parse(notAfter) + LEDGER_MARGIN_MS;
  // That a plan was undone is remembered as long as that it ran.
  const undone = undoOf === undefined ? null : journal.ranPlan(undoOf);
  return Math.max(Date.parse(header.expiresAt) + SIGNED_LEDGER_MARGIN_MS, undone?.expiresAtMs ?? 0);
}
