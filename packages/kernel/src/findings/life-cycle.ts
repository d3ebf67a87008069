/**
 * The life of a finding, without IO.
 *
 * open → acknowledged (a person says why it may stay, until when) → open again when that time is over or when it got worse
 * than what was acknowledged. Whoever detected it resolves it, nobody else; when it comes back, the same finding opens
 * again. Every function gives the finding as it is afterwards, or null when nothing changed.
 */
import { HOUR_MS } from '@pilothouse/base';
import { canonicalJson, type Finding, type JsonObject, Severity, toTimestamp } from '@pilothouse/contract';

/** `lastSeen` on disk is at most this old while a finding stays as it is: a host is looked at every few minutes. */
const LAST_SEEN_STEP_MS = HOUR_MS;

/** 0 is the mildest. */
export const severityRank = (severity: Severity): number => Severity.options.indexOf(severity);

export interface Sighting {
  readonly evidence: JsonObject;
  readonly severity: Severity;
}

export const isOpening = (before: Finding | null, after: Finding): boolean =>
  after.state === 'open' && before?.state !== 'open';

/** `before` null: it is new, and gets `id`. */
export function see(
  before: Finding | null,
  sighting: Sighting,
  about: { id: string; kind: string; hostId: string | null; key: string; nowMs: number },
): Finding | null {
  const now = toTimestamp(about.nowMs);
  const { evidence, severity } = sighting;
  if (before === null) {
    const { id, kind, hostId, key } = about;
    const fresh = { state: 'open', resolvedAt: null, acknowledgement: null, etag: '0' } as const;
    return { id, kind, hostId, key, severity, evidence, firstSeen: now, lastSeen: now, ...fresh };
  }
  const seen: Finding = { ...before, severity, evidence, lastSeen: now };
  // Wrong since now, and not since it was wrong before: gates count what came up since a rollout began.
  if (before.state === 'resolved')
    return { ...seen, state: 'open', firstSeen: now, resolvedAt: null, acknowledgement: null };
  const isWorse = severityRank(severity) > severityRank(before.severity);
  if (before.state === 'acknowledged' && isWorse) return { ...seen, state: 'open', acknowledgement: null };
  const isSame = severity === before.severity && canonicalJson(evidence) === canonicalJson(before.evidence);
  const isRecent = about.nowMs - Date.parse(before.lastSeen) < LAST_SEEN_STEP_MS;
  return isSame && isRecent ? null : seen;
}

export function resolve(before: Finding, nowMs: number): Finding | null {
  if (before.state === 'resolved') return null;
  return { ...before, state: 'resolved', resolvedAt: toTimestamp(nowMs), acknowledgement: null };
}

/** Ends an acknowledgement, by a person or because its time is over. */
export function reopen(before: Finding): Finding | null {
  return before.state === 'acknowledged' ? { ...before, state: 'open', acknowledgement: null } : null;
}

export function acknowledge(
  before: Finding,
  acknowledgement: NonNullable<Finding['acknowledgement']>,
): Finding | null {
  return before.state === 'resolved' ? null : { ...before, state: 'acknowledged', acknowledgement };
}
