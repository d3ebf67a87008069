/**
 * When facts are collected and what the server hears of them.
 *
 * Problem: ten thousand hosts that were started together must not all read their package databases in the same second,
 * an unchanged fact must cost nothing on the wire, and every round costs the start of a process.
 *
 * Rule: facts are collected in rounds, each fact at its own interval, moved by chance within a tenth of it; a round takes
 * along what would be due soon. The server says at `welcome` which digests it holds; only what differs is reported, and
 * everything once every few hours, so that a fact's age means something. Between rounds the agent looks, at next to no
 * cost, for signs that a fact has changed: the files behind it, and what plugins watch. Then it is collected at once, and so
 * intervals can be long. Bodies are kept on disk, not in memory, until a newer one takes their place.
 *
 * Limits: FACTS_PER_HOST_MAX facts; a collector its own time and size. On a full disk a body is collected again when wanted.
 */
import type { FactWatch, WatchAccess } from '@pilothouse/agent-kit';
import { type Clock, HOUR_MS, SECOND_MS } from '@pilothouse/base';
import { type Digest, type FactReport, toTimestamp } from '@pilothouse/contract';
import { FACT_INLINE_CHARS_MAX } from '@pilothouse/wire';
import type { AgentLog } from '../log.ts';
import { createAlarms } from './alarms.ts';
import type { FactBodies } from './fact-bodies.ts';
import type { FactCollection } from './fact-collection.ts';
import { FactReports } from './fact-reports.ts';
import { createFactRounds } from './fact-rounds.ts';
import { lookAround } from './look-around.ts';
import { createSourceWatch, type SourceWatch } from './source-watch.ts';

/** Everything is confirmed this often, changed or not. */
const CONFIRM_INTERVAL_MS = 6 * HOUR_MS;
/** How often the files behind facts are looked at. */
const LOOK_INTERVAL_MS = 10 * SECOND_MS;

/** Where the scheduler looks for signs of a change. */
export interface FactSigns {
  /** What the state of a file or directory is known by. */
  readonly signatureOf: (path: string) => string;
  readonly watches: readonly FactWatch[];
  readonly host: WatchAccess;
}

export interface FactSchedulerOptions {
  readonly collection: FactCollection;
  readonly bodies: Pick<FactBodies, 'get'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  readonly signs: FactSigns;
  /** Called after a round of collections. */
  readonly settled: () => void;
  /** False when there is no session; the reports are then due again at the next welcome. */
  readonly report: (reports: FactReport[], collectedAt: string, bodies: string[]) => boolean;
}

export interface FactScheduler {
  /** Collects everything once, then each fact at its interval. */
  start(): void;
  /** A session opened: what it holds already. */
  welcomed(known: Readonly<Record<string, Digest>>): void;
  /** Nobody hears reports until the next welcome. */
  disconnected(): void;
  /** Collects these now, all when empty, and says what they are, changed or not; then calls `done`. */
  collect(names: readonly string[], done?: () => void): void;
  /** The canonical JSON of a body, if it is still the current one of some fact. */
  body(digest: Digest): Promise<string | null>;
  stop(): void;
}

export function createFactScheduler(options: FactSchedulerOptions): FactScheduler {
  const { bodies, clock, collection, log } = options;
  /** Facts whose bodies nobody else can have sent. */
  let own = new Set<string>();
  const reports = new FactReports((list, isRepeated) =>
    options.report(list, toTimestamp(clock.now()), isRepeated ? [] : bodiesAlong(list, own, bodies)),
  );
  let watch: SourceWatch | null = null;
  let stopWatching = (): void => {};
  const alarms = createAlarms(clock);
  const rounds = createFactRounds(options, {
    changed: (facts) => {
      watch = createSourceWatch(facts, options.signs.signatureOf);
      own = new Set(facts.filter((fact) => !fact.isShared).map((fact) => fact.name));
    },
    found: ({ report }) => {
      if (report.kind === 'absent') log.info('fact is absent', { ...report });
      alarms.found(report);
      reports.found(report);
    },
  });
  const stopConfirming = clock.every(CONFIRM_INTERVAL_MS, () => reports.confirm([]));
  const stopLooking = clock.every(LOOK_INTERVAL_MS, () => {
    alarms.raise(watch?.look() ?? []);
    const due = alarms.due();
    if (due.length > 0) rounds.request(due);
  });
  return {
    start() {
      stopWatching = lookAround({ ...options.signs, clock, log, changed: (fact) => alarms.raise([fact]) });
      rounds.request('all');
    },
    welcomed: (known) => reports.welcomed(known),
    disconnected: () => reports.disconnected(),
    collect: (names, done) =>
      rounds.request(names.length === 0 ? 'all' : names, () => {
        reports.confirm(names);
        done?.();
      }),
    async body(digest) {
      const fact = reports.factOf(digest);
      if (fact === null) return null;
      const kept = bodies.get(fact, digest);
      if (kept !== null) return kept;
      let again: string | null = null;
      await collection.collect([fact], {
        offered: () => undefined,
        found({ report, text }) {
          if (report.kind === 'present' && report.digest === digest) again = text ?? bodies.get(fact, digest);
        },
      });
      return again;
    },
    stop() {
      stopConfirming();
      stopLooking();
      stopWatching();
      rounds.stop();
    },
  };
}

/** Small bodies of the host's own facts travel with their reports: a request for each would cost more. */
function bodiesAlong(
  reports: readonly FactReport[],
  own: ReadonlySet<string>,
  bodies: Pick<FactBodies, 'get'>,
): string[] {
  return reports.flatMap((report) => {
    const isSmall = report.kind === 'present' && report.sizeBytes <= FACT_INLINE_CHARS_MAX;
    const text = isSmall && own.has(report.fact) ? bodies.get(report.fact, report.digest) : null;
    return text === null ? [] : [text];
  });
}
