/**
 * Live views of rollouts: what watchers see while it happens. Nothing here is durable and nothing depends on it: a
 * watcher that is too slow is told how much it missed and reads the rest by the list routes.
 *
 * Output travels only while somebody looks, or when the rollout is so small that somebody soon will: agents send under
 * credit, which is renewed as their output is passed on, and the last part of each stream is kept for who comes late.
 */
import type { Clock } from '@pilothouse/base';
import type { HostId, OutputChunk, Rollout, Task, WatchEvent } from '@pilothouse/contract';
import type { OutgoingFrame } from '../gateway/service.ts';

/** Rollouts of at most this many hosts stream their output from the start. */
const SMALL_HOSTS_MAX = 16;
/** Of a larger rollout, tasks whose output is streamed to watchers at once. */
const STREAMED_TASKS_MAX = 64;
const CREDIT_BYTES = 64 * 1024;
/** Kept of each streamed task for watchers who come late. */
const RING_BYTES_MAX = 64 * 1024;
/** Told in one piece: some 50 kB, so that a hundred watchers of a large rollout do not hold the hosts up. */
const TOLD_AT_ONCE_MAX = 64;
/** Between two states of one rollout: faster than anybody reads, and far less often than a large one is committed. */
const STATE_PAUSE_MS = 200;
/** One watcher's share: a terminal shows no more, and a thousand watchers hold at most 1 GB. */
const WATCHER_TASKS_MAX = 2000;
const WATCHER_OUTPUT_BYTES_MAX = 512 * 1024;

/** What each chunk takes beside its text: a host that sends its output a letter at a time fills no more than others. */
const CHUNK_BYTES = 256;

interface OutputPiece {
  readonly taskId: string;
  readonly hostId: HostId;
  readonly hostName: string;
  readonly offsetBytes: number;
  readonly chunks: readonly OutputChunk[];
}

/** An event on its way to watchers, whose text is made once for all of them. */
export interface ToldEvent {
  readonly event: WatchEvent['kind'];
  readonly data: WatchEvent;
  readonly json: string;
}

/** What is told in one piece, often to many watchers alike: whoever makes bytes of it first leaves them for the others. */
export interface Telling {
  readonly items: readonly ToldEvent[];
  encoded: Uint8Array | null;
}

export interface WatchOptions {
  readonly rollout: Rollout;
  readonly wantsOutput: boolean;
  readonly wantsTasks: boolean;
  readonly isInScope: (hostId: string) => boolean;
  readonly signal: AbortSignal;
}

export interface Live {
  /** In pieces of at most TOLD_AT_ONCE_MAX. */
  watch(options: WatchOptions): AsyncIterable<Telling>;
  /** After a commit. */
  changed(rollout: Rollout, tasks: readonly Task[], isEnd: boolean): void;
  isWatched(rolloutId: string): boolean;
  output(rollout: { id: string; hostsCount: number }, piece: OutputPiece): void;
  /** Credit that an offer of this rollout carries. */
  creditOf(rollout: { id: string; hostsCount: number }): number;
}

interface Watcher extends WatchOptions {
  /** The newest state, to be told; the last one of a rollout that has ended says so. */
  pending: Telling | null;
  isEnded: boolean;
  /** When a state was told last. */
  toldAt: number;
  tasks: Telling[];
  tasksCount: number;
  outputs: OutputPiece[];
  outputBytes: number;
  missed: { tasks: number; outputs: number };
  wake: () => void;
}

interface Topic {
  readonly watchers: Set<Watcher>;
  readonly rings: Map<string, { bytes: number; pieces: OutputPiece[] }>;
}

const sizeOf = (piece: OutputPiece): number =>
  piece.chunks.reduce((sum, chunk) => sum + chunk.text.length, 0);
const weightOf = (piece: OutputPiece): number =>
  CHUNK_BYTES * Math.max(1, piece.chunks.length) + sizeOf(piece);

export function createLive(
  send: (hostId: HostId, frame: OutgoingFrame) => void,
  clock: Pick<Clock, 'monotonic' | 'after'>,
): Live {
  const topics = new Map<string, Topic>();
  const topicOf = (rolloutId: string): Topic => {
    const topic = topics.get(rolloutId) ?? { watchers: new Set(), rings: new Map() };
    topics.set(rolloutId, topic);
    return topic;
  };
  const hasListeners = (topic: Topic | undefined): boolean =>
    topic !== undefined && [...topic.watchers].some((watcher) => watcher.wantsOutput);

  return {
    isWatched: (rolloutId) => (topics.get(rolloutId)?.watchers.size ?? 0) > 0,
    creditOf: ({ id, hostsCount }) =>
      hostsCount <= SMALL_HOSTS_MAX || hasListeners(topics.get(id)) ? CREDIT_BYTES : 0,
    watch(options) {
      const topic = topicOf(options.rollout.id);
      const watcher = newWatcher(options);
      if (options.wantsOutput)
        for (const piece of topic.rings.values().flatMap((ring) => ring.pieces))
          if (options.isInScope(piece.hostId)) pushOutput(watcher, piece);
      const { rollout, signal } = options;
      const leave = (): void => {
        topic.watchers.delete(watcher);
        const isEmpty = topic.watchers.size === 0 && topic.rings.size === 0;
        if (isEmpty && topics.get(rollout.id) === topic) topics.delete(rollout.id);
      };
      topic.watchers.add(watcher);
      // Who goes before reading anything never begins to follow, and would be told of it all the same.
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
      return follow(watcher, clock, leave);
    },
    changed(rollout, tasks, isEnd) {
      const topic = topics.get(rollout.id);
      if (topic === undefined) return;
      for (const task of tasks) if (task.endedAt !== null) topic.rings.delete(task.id);
      const pieces = inPieces(tasks);
      const state = stateOf(rollout, isEnd);
      for (const watcher of topic.watchers) {
        watcher.pending = state;
        watcher.isEnded ||= isEnd;
        if (watcher.wantsTasks) for (const piece of pieces) pushTasks(watcher, piece);
        watcher.wake();
      }
      if (isEnd) topics.delete(rollout.id);
    },
    output(rollout, piece) {
      const topic = topicOf(rollout.id);
      const isSmall = rollout.hostsCount <= SMALL_HOSTS_MAX;
      if (!isSmall && !hasListeners(topic)) return;
      if (!isSmall && !topic.rings.has(piece.taskId) && topic.rings.size >= STREAMED_TASKS_MAX) return;
      keep(topic, piece);
      for (const watcher of topic.watchers)
        if (watcher.wantsOutput && watcher.isInScope(piece.hostId)) pushOutput(watcher, piece);
      const bytes = sizeOf(piece);
      if (bytes > 0) send(piece.hostId, { kind: 'credit', taskId: piece.taskId, bytes });
    },
  };
}

function toldOnce(data: WatchEvent): ToldEvent {
  let text: string | null = null;
  return {
    event: data.kind,
    data,
    get json() {
      text ??= JSON.stringify(data);
      return text;
    },
  };
}

const telling = (items: readonly ToldEvent[]): Telling => ({ items, encoded: null });

const stateOf = (rollout: Rollout, isEnd: boolean): Telling =>
  telling([toldOnce({ kind: isEnd ? 'end' : 'rollout', rollout })]);

interface TasksPiece {
  readonly hostIds: readonly HostId[];
  readonly telling: Telling;
}

function inPieces(tasks: readonly Task[]): TasksPiece[] {
  const pieces: TasksPiece[] = [];
  for (let start = 0; start < tasks.length; start += TOLD_AT_ONCE_MAX) {
    const some = tasks.slice(start, start + TOLD_AT_ONCE_MAX);
    const items = some.map((task) => toldOnce({ kind: 'task', task }));
    pieces.push({ hostIds: some.map(({ hostId }) => hostId), telling: telling(items) });
  }
  return pieces;
}

function keep(topic: Topic, piece: OutputPiece): void {
  const ring = topic.rings.get(piece.taskId) ?? { bytes: 0, pieces: [] };
  topic.rings.set(piece.taskId, ring);
  ring.pieces.push(piece);
  ring.bytes += weightOf(piece);
  while (ring.bytes > RING_BYTES_MAX) {
    const oldest = ring.pieces.shift();
    if (oldest === undefined) break;
    ring.bytes -= weightOf(oldest);
  }
}

const newWatcher = (options: WatchOptions): Watcher => ({
  ...options,
  pending: stateOf(options.rollout, options.rollout.endedAt !== null),
  isEnded: options.rollout.endedAt !== null,
  toldAt: Number.NEGATIVE_INFINITY,
  tasks: [],
  tasksCount: 0,
  outputs: [],
  outputBytes: 0,
  missed: { tasks: 0, outputs: 0 },
  wake: () => undefined,
});

/** A watcher who may see all of them gets the piece that others get, too. */
function pushTasks(watcher: Watcher, { hostIds, telling: whole }: TasksPiece): void {
  const seen = whole.items.filter((_, at) => watcher.isInScope(hostIds[at] ?? ''));
  if (seen.length === 0) return;
  if (watcher.tasksCount + seen.length > WATCHER_TASKS_MAX) {
    watcher.missed.tasks += seen.length;
    return;
  }
  watcher.tasksCount += seen.length;
  watcher.tasks.push(seen.length === whole.items.length ? whole : telling(seen));
}

function pushOutput(watcher: Watcher, piece: OutputPiece): void {
  const bytes = weightOf(piece);
  if (watcher.outputBytes + bytes > WATCHER_OUTPUT_BYTES_MAX) watcher.missed.outputs += 1;
  else {
    watcher.outputs.push(piece);
    watcher.outputBytes += bytes;
  }
  watcher.wake();
}

/** Hands out what has gathered; the rollout itself only in its newest state, and now and then. Ends after `end`, or with the signal. */
async function* follow(
  watcher: Watcher,
  clock: Pick<Clock, 'monotonic' | 'after'>,
  leave: () => void,
): AsyncGenerator<Telling> {
  const onAbort = (): void => watcher.wake();
  watcher.signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (!watcher.signal.aborted) {
      yield* takeGathered(watcher);
      // While those were being read the last ones may have come; the end is told after them.
      if (hasGathered(watcher)) continue;
      const { pending, isEnded } = watcher;
      const restMs = isEnded ? 0 : Math.max(0, watcher.toldAt + STATE_PAUSE_MS - clock.monotonic());
      if (pending === null || restMs > 0) {
        await news(watcher, clock, pending === null ? null : restMs);
        continue;
      }
      watcher.pending = null;
      watcher.toldAt = clock.monotonic();
      yield pending;
      if (isEnded) return;
    }
  } finally {
    watcher.signal.removeEventListener('abort', onAbort);
    leave();
  }
}

/** Resolves when there is something, or after so long. */
async function news(watcher: Watcher, clock: Pick<Clock, 'after'>, withinMs: number | null): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  watcher.wake = resolve;
  const cancel = withinMs === null ? null : clock.after(withinMs, resolve);
  await promise;
  cancel?.();
  watcher.wake = () => undefined;
}

const hasGathered = (watcher: Watcher): boolean =>
  watcher.tasks.length > 0 || watcher.outputs.length > 0 || watcher.missed.tasks + watcher.missed.outputs > 0;

function* takeGathered(watcher: Watcher): Generator<Telling> {
  const { tasks, outputs, missed } = watcher;
  const none = { tasks: [], tasksCount: 0, outputs: [], outputBytes: 0, missed: { tasks: 0, outputs: 0 } };
  Object.assign(watcher, none);
  for (const { taskId, hostName, offsetBytes, chunks } of outputs)
    yield telling([toldOnce({ kind: 'output', taskId, hostName, offsetBytes, chunks: [...chunks] })]);
  yield* tasks;
  if (missed.tasks + missed.outputs > 0) yield telling([toldOnce({ kind: 'gap', ...missed })]);
}
