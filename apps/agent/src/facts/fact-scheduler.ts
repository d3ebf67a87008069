/**
 * When facts are collected and what the server hears of them.
 *
 * Problem: ten thousand hosts that were started together must not all read their package databases in the same second,
 * and an unchanged fact must cost nothing on the wire.
 *
 * Rule: collectors run one after another, each at its own interval, every run moved by chance within a tenth of it. The
 * server says at `welcome` which digests it holds; only what differs is reported, and everything once every few hours, so
 * that a fact's age means something. Bodies are kept on disk, not in memory, until a newer one takes their place.
 *
 * Limits: FACTS_PER_HOST_MAX facts; a collector its own time and size. On a full disk a body is collected again when wanted.
 */
import { type Collector, collectFact, type FactReading } from '@pilothouse/agent-kit';
import { type Clock, HOUR_MS } from '@pilothouse/base';
import { type Digest, type FactReport, toTimestamp } from '@pilothouse/contract';
import type { AgentLog } from '../log.ts';
import type { FactBodies } from './fact-bodies.ts';

/** Everything is confirmed this often, changed or not. */
const CONFIRM_INTERVAL_MS = 6 * HOUR_MS;
/** How far chance moves a run, as a share of the collector's interval. */
const SPREAD = 0.1;

export interface FactSchedulerOptions {
  readonly collectors: readonly Collector[];
  readonly bodies: FactBodies;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
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
  const { collectors, bodies, clock, random, log } = options;
  const current = new Map<string, FactReport>();
  /** What the server of this session knows, as far as we know; null without a session. */
  let known: Map<string, string> | null = null;
  const due = new Set<string>();
  const timers = new Map<string, () => void>();
  let isBusy = false;
  let isStopped = false;
  const byName = new Map(collectors.map((collector) => [collector.fact.name, collector]));

  function schedule(collector: Collector): void {
    const { name, intervalMs } = collector.fact;
    const delayMs = intervalMs * (1 - SPREAD + 2 * SPREAD * random());
    timers.get(name)?.();
    timers.set(
      name,
      clock.after(delayMs, () => request([name])),
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
        options.settled();
      });
  }

  async function work(): Promise<void> {
    for (const name of due) {
      due.delete(name);
      const collector = byName.get(name);
      if (collector === undefined || isStopped) continue;
      accept(name, await collectFact(collector, { clock }));
      schedule(collector);
    }
  }

  function accept(name: string, reading: FactReading): void {
    const { report, text } = reading;
    if (report.kind === 'absent') log.info('fact is absent', { ...report });
    if (report.kind === 'present' && text !== null) bodies.put(name, { digest: report.digest, text });
    current.set(name, report);
    tell([report]);
  }

  /** Sends what differs from what the server holds. */
  function tell(reports: readonly FactReport[], isFull = false): void {
    if (known === null) return;
    const changed = reports.filter((report) => isFull || known?.get(report.fact) !== markOf(report));
    if (changed.length === 0) return;
    if (!options.report([...changed], toTimestamp(clock.now()))) return;
    for (const report of changed) known.set(report.fact, markOf(report));
  }

  const stopConfirming = clock.every(CONFIRM_INTERVAL_MS, () => tell([...current.values()], true));

  return {
    start: () => request(byName.keys()),
    welcomed(digests) {
      known = new Map(Object.entries(digests));
      tell([...current.values()]);
    },
    disconnected() {
      known = null;
    },
    collect: (names) => request(names.length === 0 ? byName.keys() : names),
    async body(digest) {
      const report = [...current.values()].find(
        (candidate) => candidate.kind === 'present' && candidate.digest === digest,
      );
      if (report === undefined) return null;
      const kept = bodies.get(report.fact, digest);
      if (kept !== null) return kept;
      const collector = byName.get(report.fact);
      const again = collector === undefined ? null : await collectFact(collector, { clock });
      return again?.report.kind === 'present' && again.report.digest === digest ? again.text : null;
    },
    stop() {
      isStopped = true;
      stopConfirming();
      for (const cancel of timers.values()) cancel();
    },
  };
}

/** An absence is told once, like a digest. */
const markOf = (report: FactReport): string =>
  report.kind === 'present' ? report.digest : `absent: ${report.reason}: ${report.detail}`;
