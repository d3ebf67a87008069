import type { Digest, FactAbsence, FactReport, HostId } from '@pilothouse/contract';
import { packReport, type SpanEnd, type SpanRow, unpackReport } from './store.ts';

/** The open span of one fact of one host, as small as it can be: there are twenty a host. */
export interface OpenSpan {
  readonly digest: Digest | null;
  /** The report as it is stored, when it says why there is no body; a present one is told by its digest. */
  readonly absence: { readonly reason: FactAbsence; readonly text: string } | null;
  readonly since: number;
  /** When the agent last confirmed it, and what the store knows of that. */
  seenAt: number;
  storedSeenAt: number;
}

/** The store hears of confirmations this often: an age of an hour more decides nothing that the index does not know. */
export const SEEN_COARSE_MS = 3_600_000;

export interface SpanChange {
  readonly fact: string;
  readonly before: Digest | null;
  readonly after: Digest | null;
}

/** What a report changes: rows for the store, and which facts were only confirmed. */
export interface BookedReport {
  readonly ends: SpanEnd[];
  readonly rows: SpanRow[];
  readonly changes: SpanChange[];
  /** Facts whose confirmation the store should hear of. */
  readonly seen: string[];
}

/** The open spans of all hosts, in memory: what makes an unchanged report cost nothing. */
export interface SpanBook {
  load(rows: readonly SpanRow[]): void;
  forget(hostId: HostId): void;
  of(hostId: HostId): ReadonlyMap<string, OpenSpan>;
  /** Takes reports at a time of the server's clock; the spans change at once, the caller writes them. */
  book(hostId: HostId, reports: readonly FactReport[], at: number): BookedReport;
}

const NONE: ReadonlyMap<string, OpenSpan> = new Map();

export function createSpanBook(): SpanBook {
  const hosts = new Map<HostId, Map<string, OpenSpan>>();

  return {
    load(rows) {
      for (const row of rows) {
        // Present ones are told by their digest; parsing two hundred thousand of them would cost a second of every start.
        const report = row.digest === null ? unpackReport(row) : null;
        const spans = hosts.get(row.host_id) ?? new Map<string, OpenSpan>();
        hosts.set(row.host_id, spans);
        spans.set(row.fact, {
          digest: row.digest,
          absence: report?.kind === 'absent' ? { reason: report.reason, text: row.report } : null,
          since: row.since,
          seenAt: row.seen_at,
          storedSeenAt: row.seen_at,
        });
      }
    },
    forget: (hostId) => void hosts.delete(hostId),
    of: (hostId) => hosts.get(hostId) ?? NONE,
    book(hostId, reports, at) {
      const spans = hosts.get(hostId) ?? new Map<string, OpenSpan>();
      hosts.set(hostId, spans);
      const booked: BookedReport = { ends: [], rows: [], changes: [], seen: [] };
      // One frame may name a fact twice; the last word counts.
      const latest = new Map(reports.map((report) => [report.fact, report]));
      for (const report of latest.values()) bookOne(spans, hostId, { report, at, booked });
      return booked;
    },
  };
}

function bookOne(
  spans: Map<string, OpenSpan>,
  hostId: HostId,
  { report, at, booked }: { report: FactReport; at: number; booked: BookedReport },
): void {
  const { fact } = report;
  const digest = report.kind === 'present' ? report.digest : null;
  const text = packReport(report);
  const before = spans.get(fact);
  const isSame =
    before !== undefined && before.digest === digest && (digest !== null || before.absence?.text === text);
  if (isSame) {
    before.seenAt = Math.max(before.seenAt, at);
    if (before.seenAt - before.storedSeenAt < SEEN_COARSE_MS) return;
    before.storedSeenAt = before.seenAt;
    booked.seen.push(fact);
    return;
  }
  // Spans of one fact follow each other without a gap, and never share a beginning.
  const since = before === undefined ? at : Math.max(at, before.since + 1);
  if (before !== undefined) booked.ends.push({ hostId, fact, until: since, seenAt: before.seenAt });
  booked.rows.push({ host_id: hostId, fact, since, until: null, seen_at: since, digest, report: text });
  spans.set(fact, {
    digest,
    absence: report.kind === 'absent' ? { reason: report.reason, text } : null,
    since,
    seenAt: since,
    storedSeenAt: since,
  });
  booked.changes.push({ fact, before: before?.digest ?? null, after: digest });
}
