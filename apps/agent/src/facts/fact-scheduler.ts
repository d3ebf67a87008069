/**
 * When facts are collected and what the server hears of them.
 *
 * Problem: ten thousand hosts that were started together must not all read their package databases in the same second,
 * and an unchanged fact must cost nothing on the wire.
 *
 * Rule: collectors run one after another, each at its own interval, every run moved by chance within a tenth of it. The
 * server says at `welcome` which digests it holds; only what differs is reported, and everything once every few hours, so
 * that a fact's age means something. When the files behind a fact change, it is collected at once. Bodies are kept on disk, not in memory, until a newer one takes their place.
 *
 * Limits: FACTS_PER_HOST_MAX facts; a collector its own time and size. On a full disk a body is collected again when wanted.
 */
import { type Collector, collectFact, type FactReading } from '@pilothouse/agent-kit';
import { type Clock, HOUR_MS, SECOND_MS } from '@pilothouse/base';
import { type Digest, type FactReport, toTimestamp } from '@pilothouse/contract';
import type { AgentLog } from '../log.ts';
import type { FactBodies } from './fact-bodies.ts';
import { FactReports } from './fact-reports.ts';
import { createSourceWatch } from './source-watch.ts';

/** Everything is confirmed this often, changed or not. */
const CONFIRM_INTERVAL_MS = 6 * HOUR_MS;
/** How often the files behind facts are looked at. */
const LOOK_INTERVAL_MS = 10 * SECOND_MS;
/** How far chance moves a run, as a share of the collector's interval. */
const SPREAD = 0.1;

export interface FactSchedulerOptions {
  readonly collectors: readonly Collector[];
  readonly bodies: FactBodies;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  /** When a file or directory was last changed, in milliseconds; null when it is not there. */
  readonly modifiedAt: (path: string) => number | null;
  /** Called after a round of collections. */
  readonly settled: () => void;
  /** False when there is no session; the reports are then due again at the next welcome. */
  readonly report: (reports: FactReport[], collectedAt: string) => boolean;
}

export interface FactScheduler {
  /** Collects everything once, then each fact at its interval. */
  start(): void;
  /** A session opened: what it holds already. */
  welcomed(known: Readonly<Record<string, Digest>>): void;
  /** Nobody hears reports until the next welcome. */
  disconnected(): void;
  /** Collects these now; all when empty. */
  collect(names: readonly string[]): void;
  /** The canonical JSON of a body, if it is still the current one of some fact. */
  body(digest: Digest): Promise<string | null>;
  stop(): void;
}

export function createFactScheduler(options: FactSchedulerOptions): FactScheduler {
  const { collectors, bodies, clock, log } = options;
  const byName = new Map(collectors.map((collector) => [collector.fact.name, collector]));
  const reports = new FactReports((list) => options.report(list, toTimestamp(clock.now())));
  const rounds = createRounds(byName, options, ({ report, text }) => {
    if (report.kind === 'absent') log.info('fact is absent', { ...report });
    if (report.kind === 'present' && text !== null) bodies.put(report.fact, { digest: report.digest, text });
    reports.found(report);
  });
  const stopConfirming = clock.every(CONFIRM_INTERVAL_MS, () => reports.confirm());
  const watch = createSourceWatch(collectors, options.modifiedAt);
  const stopLooking = clock.every(LOOK_INTERVAL_MS, () => {
    const changed = watch.look();
    if (changed.length > 0) rounds.request(changed);
  });
  return {
    start: () => rounds.request(byName.keys()),
    welcomed: (known) => reports.welcomed(known),
    disconnected: () => reports.disconnected(),
    collect: (names) => rounds.request(names.length === 0 ? byName.keys() : names),
    async body(digest) {
      const fact = reports.factOf(digest);
      const collector = byName.get(fact ?? '');
      if (fact === null || collector === undefined) return null;
      const kept = bodies.get(fact, digest);
      if (kept !== null) return kept;
      const { report, text } = await collectFact(collector, { clock });
      return report.kind === 'present' && report.digest === digest ? text : null;
    },
    stop() {
      stopConfirming();
      stopLooking();
      rounds.stop();
    },
  };
}

/** Runs what is due, one collector after another, and sets each one's next time. */
function createRounds(
  byName: ReadonlyMap<string, Collector>,
  { clock, random, log, settled }: FactSchedulerOptions,
  take: (reading: FactReading) => void,
) {
  const due = new Set<string>();
  const timers = new Map<string, () => void>();
  let isBusy = false;
  let isStopped = false;

  function schedule({ fact }: Collector): void {
    const delayMs = fact.intervalMs * (1 - SPREAD + 2 * SPREAD * random());
    timers.get(fact.name)?.();
    timers.set(
      fact.name,
      clock.after(delayMs, () => request([fact.name])),
    );
  }

  function request(names: Iterable<string>): void {
    for (const name of names) if (byName.has(name)) due.add(name);
    if (isBusy || isStopped) return;
    isBusy = true;
    work()
      .catch((cause: unknown) => log.error('facts could not be collected', { cause: String(cause) }))
      .finally(() => {
        isBusy = false;
        settled();
      });
  }

  async function work(): Promise<void> {
    for (const name of due) {
      due.delete(name);
      const collector = byName.get(name);
      if (collector === undefined || isStopped) continue;
      take(await collectFact(collector, { clock }));
      schedule(collector);
    }
  }

  return {
    request,
    stop() {
      isStopped = true;
      for (const cancel of timers.values()) cancel();
    },
  };
}
