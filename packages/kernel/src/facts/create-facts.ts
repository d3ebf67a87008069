/**
 * What is known of hosts.
 *
 * Problem: ten thousand hosts of one build say the same thing, again and again, in megabytes.
 *
 * Rule: a host reports digests. What it reported before costs a comparison in memory; a change costs one row of history
 * (`host, fact, digest, from, to`); a body is sent, checked, stored and parsed once for the whole fleet, by whichever host
 * was asked first. Times are those of the server: a host whose clock is wrong must not write into yesterday.
 *
 * Limits: one frame names at most FACTS_PER_HOST_MAX facts; facts that no plugin declares are not stored; parsed bodies
 * live in a bounded cache, and whoever must not wait (`bodyNow`) may find nothing there.
 */
import { createHash } from 'node:crypto';
import { batchWhileBusy, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import {
  AppError,
  type Digest,
  type FactReport,
  type FactSpec,
  type HostId,
  isAppError,
} from '@pilothouse/contract';
import type { HostsService } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import { type BodyShelf, openBodyShelf } from './body-shelf.ts';
import { createChangeFeed } from './change-feed.ts';
import { createDoubtedSpans, type DoubtedSpans } from './doubted-spans.ts';
import { createLostReports, type LostReports } from './lost-reports.ts';
import { createMissingBodies, type MissingBodies, type NamedBody } from './missing-bodies.ts';
import { oneATurn } from './one-a-turn.ts';
import type { FactsService } from './service.ts';
import { type BookedReport, createSpanBook, type SpanBook } from './span-book.ts';
import {
  hostsThatHad,
  loadOpenSpans,
  spansAt,
  spansBefore,
  spansOf,
  sweep,
  writeSeen,
  writeSpans,
} from './store.ts';
import { createWantedBodies, type WantedBodies } from './wanted-bodies.ts';

/** Bodies that arrived but whose span is not yet written must not be swept away. */
const SWEEP_GRACE_MS = HOUR_MS;
const SWEEP_INTERVAL_MS = 6 * HOUR_MS;
/** How soon another host is asked for a body that the first did not deliver. */
const WANTED_INTERVAL_MS = 15 * SECOND_MS;
/** How often somebody looks whether reports were lost. */
const LOST_INTERVAL_MS = MINUTE_MS;
/** Questions for bodies to one host in one go, far below the limit of a frame. */
const ASKED_PER_HOST_MAX = 32;
/** Hosts whose reports share a transaction: about four thousand rows, a fifth of a second. */
const REPORTS_PER_BATCH_MAX = 250;
/** Every host of the largest fleet we plan for reports at once. */
const REPORTS_WAITING_MAX = 100_000;
const FACT_HISTORY_DEFAULT_MS = 400 * DAY_MS;

export interface FactsDeps {
  readonly hosts: HostsService;
  /** The facts that plugins declare; no other is stored. */
  readonly specs: readonly FactSpec[];
  /** Sends `facts-wanted` to a host's session; false when it has none. Read late: the gateway is made after facts. */
  readonly ask: (hostId: HostId, digests: readonly Digest[]) => boolean;
  /** Asks a host's session to collect these now, and say what they are. */
  readonly lookAgain: (hostId: HostId, facts: readonly string[]) => void;
  /** How long history is kept (default FACT_HISTORY_DEFAULT_MS). */
  readonly historyMs?: number;
}

export interface FactsRoom {
  readonly facts: FactsService;
  /** Bodies in the store: what hosts share counts once. */
  readonly bodiesCount: () => number;
  readonly reconcilers: readonly Reconciler[];
}

interface Parts {
  readonly context: KernelContext;
  readonly deps: FactsDeps;
  readonly specs: ReadonlyMap<string, FactSpec>;
  readonly shelf: BodyShelf;
  readonly book: SpanBook;
  readonly doubted: DoubtedSpans;
  readonly lost: LostReports;
  readonly wanted: WantedBodies;
  readonly missing: MissingBodies;
  readonly feed: ReturnType<typeof createChangeFeed>;
  /** See `FactsService.revision`. */
  revision: number;
}

/** Opens the facts of the registry's hosts, and tells the registry their current digests. */
export async function createFacts(context: KernelContext, deps: FactsDeps): Promise<FactsRoom> {
  const specs = new Map(deps.specs.map((spec) => [spec.name, spec]));
  const book = createSpanBook();
  const shelf = await openBodyShelf(context, specs, () => missing.lose());
  const missing = createMissingBodies({ book, shelf, hostIds: () => deps.hosts.index.keys() });
  book.load(await loadOpenSpans(context.store, null));
  const doubted = createDoubtedSpans(context.store, book);
  const { lookAgain } = deps;
  const parts: Parts = {
    context,
    deps,
    specs,
    shelf,
    book,
    doubted,
    lost: createLostReports({ clock: context.clock, settled: doubted.settled, lookAgain }),
    wanted: createWantedBodies(context.clock),
    missing,
    feed: createChangeFeed(shelf),
    revision: 0,
  };
  for (const hostId of deps.hosts.index.keys()) noteAll(parts, hostId);
  deps.hosts.onChange(({ after, before }) => {
    if (after !== null || before === null) return;
    book.forget(before.id);
    parts.doubted.forget(before.id);
    parts.lost.forget(before.id);
    parts.revision += 1;
  });
  const facts = createService(parts);
  await facts.warm('os');
  return {
    facts,
    bodiesCount: shelf.count,
    reconcilers: [
      { name: 'facts.wanted', intervalMs: WANTED_INTERVAL_MS, run: () => askForMissing(parts) },
      { name: 'facts.lost', intervalMs: LOST_INTERVAL_MS, run: () => parts.lost.ask() },
      { name: 'facts.retention', intervalMs: SWEEP_INTERVAL_MS, run: () => dropOld(parts) },
    ],
  };
}

function noteAll({ book, deps }: Parts, hostId: HostId): void {
  const spans = book.of(hostId);
  if (spans.size === 0) return;
  deps.hosts.noteFacts(
    hostId,
    [...spans].map(([fact, { digest, seenAt }]) => ({ fact, digest, seenAt })),
  );
}

interface WaitingReport {
  readonly hostId: HostId;
  readonly booked: BookedReport;
  readonly at: number;
}

/** What is done with an agent's word: history first, then what hangs on it. */
function reportWith(parts: Parts): FactsService['report'] {
  const { context, book, doubted, lost, wanted, feed, deps, specs } = parts;
  const write = batchWhileBusy<WaitingReport>({
    run: (reports) => writeReports(context, reports),
    itemsPerBatchMax: REPORTS_PER_BATCH_MAX,
    itemsWaitingMax: REPORTS_WAITING_MAX,
  });
  return async (hostId, reports, collectedAt, bodies = []) => {
    await doubted.settled(hostId);
    if (!deps.hosts.index.has(hostId)) return [];
    // A host's clock may lag (a fact is then simply as old as it says) but cannot see into the future.
    const at = Math.min(collectedAt, context.clock.now());
    const known = reports.filter((report) => specs.has(report.fact));
    if (known.length < reports.length)
      context.log.debug('facts that no plugin declares', { hostId, count: reports.length - known.length });
    const booked = book.book(hostId, known, at);
    const spans = book.of(hostId);
    const brought = shelveBrought(parts, hostId, known, bodies);
    if (booked.rows.length > 0 || booked.seen.length > 0) {
      try {
        await write({ hostId, booked, at });
      } catch (error) {
        // The store did not take it, so memory must not claim it.
        lost.note(hostId, namesOf(known));
        await doubted.doubt(hostId);
        throw error;
      }
      // One before it failed while this one waited: what was read then lacks this one.
      if (book.of(hostId) !== spans && deps.hosts.index.has(hostId)) await doubted.doubt(hostId);
    }
    lost.stored(hostId, namesOf(known));
    await brought;
    noteReported(parts, hostId, known);
    if (booked.changes.length > 0) parts.revision += 1;
    for (const { fact, before } of booked.changes)
      if (before !== null) wanted.release({ digest: before, fact, hostId });
    feed.tell(booked.changes.map((change) => ({ ...change, hostId, at })));
    return wantedOf(parts, hostId, known);
  };
}

const namesOf = (reports: readonly FactReport[]): string[] => reports.map(({ fact }) => fact);

function createService(parts: Parts): FactsService {
  const { context, shelf, book, wanted, feed, deps } = parts;
  const turn = oneATurn();
  return {
    report: reportWith(parts),
    async putBody(hostId, digest, body) {
      const facts = expectedFacts(parts, hostId, digest);
      if (facts.length === 0) throw new AppError('FACT_BODY_UNWANTED', { digest });
      for (const fact of facts) {
        // To read and check a list of packages takes milliseconds, and two dozen of them may arrive at once.
        await turn();
        if (shelf.has(fact, digest)) continue;
        await putOrRefuse(parts, { fact, digest, body });
        wanted.settle(digest, fact);
        feed.arrived(fact, digest);
      }
    },
    body: shelf.get,
    bodyNow: shelf.getNow,
    has: shelf.has,
    async warm(fact) {
      const digests = new Set<Digest>();
      for (const entry of deps.hosts.index.values()) {
        const digest = entry.facts.get(fact)?.digest;
        if (digest !== undefined) digests.add(digest);
      }
      for (const digest of digests) if (shelf.getNow(digest) === null) await shelf.get(digest);
    },
    current: (hostId) => spansOf(context.store, hostId),
    asOf: (hostId, at) => spansAt(context.store, hostId, at),
    history: (hostId, fact, limit, before) =>
      spansBefore(context.store, { hostId, fact, limit, before: before ?? null }),
    hostsThatHad: (digest) => hostsThatHad(context.store, digest),
    absence: (hostId, fact) => book.of(hostId).get(fact)?.absence?.reason ?? null,
    knownDigests(hostId) {
      const known: Record<string, Digest> = {};
      for (const [fact, { digest }] of book.of(hostId))
        if (digest !== null && shelf.has(fact, digest)) known[fact] = digest;
      return known;
    },
    revision: () => parts.revision,
    onChange: feed.onChange,
  };
}

async function writeReports(context: KernelContext, reports: readonly WaitingReport[]): Promise<void> {
  // Within one batch a host may open a span and end it again; then the row is written with its end.
  const rows = new Map<string, BookedReport['rows'][number]>();
  const done: BookedReport['rows'] = [];
  const ends: BookedReport['ends'] = [];
  for (const { booked } of reports) {
    for (const end of booked.ends) {
      const key = `${end.hostId} ${end.fact}`;
      const opened = rows.get(key);
      if (opened === undefined) ends.push(end);
      else done.push({ ...opened, until: end.until, seen_at: end.seenAt });
      rows.delete(key);
    }
    for (const row of booked.rows) rows.set(`${row.host_id} ${row.fact}`, row);
  }
  await context.store.transaction(async (transaction) => {
    await writeSpans(transaction, ends, [...done, ...rows.values()]);
    for (const { hostId, booked, at } of reports)
      if (booked.seen.length > 0) await writeSeen(transaction, hostId, booked.seen, at);
  });
}

/** Stores the bodies that came with a report. Never fails: what could not be stored is asked for like any other. */
async function shelveBrought(
  parts: Parts,
  hostId: HostId,
  reports: readonly FactReport[],
  texts: readonly string[],
): Promise<void> {
  if (texts.length === 0) return;
  const facts = new Map(
    reports.flatMap((report) => (report.kind === 'present' ? [[report.digest, report.fact] as const] : [])),
  );
  await Promise.all(
    texts.map(async (text) => {
      const body = Buffer.from(text);
      const digest = createHash('sha256').update(body).digest('hex');
      const fact = facts.get(digest);
      if (fact === undefined || parts.shelf.has(fact, digest)) return;
      try {
        await putOrRefuse(parts, { fact, digest, body });
        parts.wanted.settle(digest, fact);
        parts.feed.arrived(fact, digest);
      } catch (cause) {
        parts.context.log.info('a body that came with its report was not taken', { hostId, fact, cause });
      }
    }),
  );
}

function noteReported({ book, deps }: Parts, hostId: HostId, reports: readonly FactReport[]): void {
  const spans = book.of(hostId);
  const noted = reports.flatMap(({ fact }) => {
    const span = spans.get(fact);
    return span === undefined ? [] : [{ fact, digest: span.digest, seenAt: span.seenAt }];
  });
  if (noted.length > 0) deps.hosts.noteFacts(hostId, noted);
}

/** Digests to ask this host for: not stored, no other host is sending them, and not replaced by a report after this one. */
function wantedOf(
  { book, shelf, wanted, missing }: Parts,
  hostId: HostId,
  reports: readonly FactReport[],
): Digest[] {
  const digests = new Set<Digest>();
  const spans = book.of(hostId);
  for (const report of reports) {
    if (report.kind !== 'present' || shelf.has(report.fact, report.digest)) continue;
    if (spans.get(report.fact)?.digest !== report.digest) continue;
    const body = { digest: report.digest, fact: report.fact, hostId };
    missing.note(body);
    if (wanted.claim(body, 'reported')) digests.add(report.digest);
  }
  return [...digests];
}

/** The facts as which this host may send a body: those it was asked for, or that it reports and nobody has sent. */
function expectedFacts({ book, wanted }: Parts, hostId: HostId, digest: Digest): string[] {
  const facts = new Set(wanted.factsOf(digest));
  for (const [fact, span] of book.of(hostId)) if (span.digest === digest) facts.add(fact);
  return [...facts];
}

async function putOrRefuse(
  { shelf, wanted }: Parts,
  { fact, digest, body }: { fact: string; digest: Digest; body: Uint8Array },
): Promise<void> {
  try {
    await shelf.put(fact, digest, body);
  } catch (error) {
    // The same bytes would be refused again, from whichever host they came.
    if (isAppError(error) && (error.code === 'FACT_BODY_INVALID' || error.code === 'FACT_BODY_TOO_LARGE'))
      wanted.refuse(digest, fact);
    throw error;
  }
}

/** Asks for every body that current hosts name and nobody has: first hosts that were not asked before, then any. */
async function askForMissing({ deps, wanted, missing }: Parts): Promise<void> {
  const { index } = deps.hosts;
  wanted.releaseAll((hostId) => index.get(hostId)?.isOnline !== true);
  for (const by of ['other', 'any'] as const) {
    const questions = new Map<HostId, NamedBody[]>();
    await missing.walk((body) => {
      if (wanted.isTakenCareOf(body.digest, body.fact)) return 'next-body';
      const claimed = questions.get(body.hostId) ?? [];
      if (index.get(body.hostId)?.isOnline !== true || claimed.length >= ASKED_PER_HOST_MAX)
        return 'next-host';
      if (!wanted.claim(body, by)) return 'next-host';
      questions.set(body.hostId, [...claimed, body]);
      return 'next-body';
    });
    for (const [hostId, claimed] of questions) {
      if (deps.ask(hostId, [...new Set(claimed.map(({ digest }) => digest))])) continue;
      // It did not hear the question; the next round asks another.
      for (const body of claimed) wanted.release(body);
    }
  }
}

async function dropOld({ context, deps, shelf }: Parts): Promise<void> {
  const now = context.clock.now();
  await context.store.transaction(async (transaction) => {
    const gone = await sweep(transaction, {
      endedBefore: now - (deps.historyMs ?? FACT_HISTORY_DEFAULT_MS),
      storedBefore: now - SWEEP_GRACE_MS,
    });
    transaction.afterCommit(() => {
      for (const { fact, digest } of gone) shelf.forget(fact, digest);
    });
  });
}
