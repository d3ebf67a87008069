/**
 * Live views of rollouts: what watchers see while it happens. Nothing here is durable and nothing depends on it: a
 * watcher that is too slow is told how much it missed and reads the rest by the list routes.
 *
 * Output travels only while somebody looks, or when the rollout is so small that somebody soon will: agents send under
 * credit, which is renewed as their output is passed on, and the last part of each stream is kept for who comes late.
 */
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
/** One watcher's share: a terminal shows no more, and a thousand watchers hold at most 1 GB. */
const WATCHER_TASKS_MAX = 2000;
const WATCHER_OUTPUT_BYTES_MAX = 512 * 1024;

interface OutputPiece {
  readonly taskId: string;
  readonly hostId: HostId;
  readonly hostName: string;
  readonly offsetBytes: number;
  readonly chunks: readonly OutputChunk[];
}

/** An event on its way to watchers, whose text is made once for all of them. */
export interface ToldEvent {
  readonly event: WatchEvent;
  readonly json: () => string;
}

export interface WatchOptions {
  readonly rollout: Rollout;
  readonly wantsOutput: boolean;
  readonly isInScope: (hostId: string) => boolean;
  readonly signal: AbortSignal;
}

export interface Live {
  /** In pieces of at most TOLD_AT_ONCE_MAX. */
  watch(options: WatchOptions): AsyncIterable<readonly ToldEvent[]>;
  /** After a commit. */
  changed(rollout: Rollout, tasks: readonly Task[], isEnd: boolean): void;
  isWatched(rolloutId: string): boolean;
  output(rollout: { id: string; hostsCount: number }, piece: OutputPiece): void;
  /** Credit that an offer of this rollout carries. */
  creditOf(rollout: { id: string; hostsCount: number }): number;
}

interface Watcher extends WatchOptions {
  pending: Rollout | null;
  isEnded: boolean;
  tasks: ToldEvent[];
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

export function createLive(send: (hostId: HostId, frame: OutgoingFrame) => void): Live {
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
        for (const ring of topic.rings.values()) for (const piece of ring.pieces) pushOutput(watcher, piece);
      topic.watchers.add(watcher);
      return follow(watcher, () => topic.watchers.delete(watcher));
    },
    changed(rollout, tasks, isEnd) {
      const topic = topics.get(rollout.id);
      if (topic === undefined) return;
      for (const task of tasks) if (task.endedAt !== null) topic.rings.delete(task.id);
      const told = tasks.map((task) => ({ hostId: task.hostId, event: toldOnce({ kind: 'task', task }) }));
      for (const watcher of topic.watchers) {
        watcher.pending = rollout;
        watcher.isEnded ||= isEnd;
        for (const { hostId, event } of told) if (watcher.isInScope(hostId)) pushTask(watcher, event);
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

function toldOnce(event: WatchEvent): ToldEvent {
  let text: string | null = null;
  return {
    event,
    json() {
      text ??= JSON.stringify(event);
      return text;
    },
  };
}

function keep(topic: Topic, piece: OutputPiece): void {
  const ring = topic.rings.get(piece.taskId) ?? { bytes: 0, pieces: [] };
  topic.rings.set(piece.taskId, ring);
  ring.pieces.push(piece);
  ring.bytes += sizeOf(piece);
  while (ring.bytes > RING_BYTES_MAX) {
    const oldest = ring.pieces.shift();
    if (oldest === undefined) break;
    ring.bytes -= sizeOf(oldest);
  }
}

const newWatcher = (options: WatchOptions): Watcher => ({
  ...options,
  pending: options.rollout,
  isEnded: options.rollout.endedAt !== null,
  tasks: [],
  outputs: [],
  outputBytes: 0,
  missed: { tasks: 0, outputs: 0 },
  wake: () => undefined,
});

function pushTask(watcher: Watcher, task: ToldEvent): void {
  if (watcher.tasks.length >= WATCHER_TASKS_MAX) watcher.missed.tasks += 1;
  else watcher.tasks.push(task);
}

function pushOutput(watcher: Watcher, piece: OutputPiece): void {
  const bytes = sizeOf(piece);
  if (watcher.outputBytes + bytes > WATCHER_OUTPUT_BYTES_MAX) watcher.missed.outputs += 1;
  else {
    watcher.outputs.push(piece);
    watcher.outputBytes += bytes;
  }
  watcher.wake();
}

/** Hands out what has gathered; the rollout itself only in its newest state. Ends after `end`, or with the signal. */
async function* follow(watcher: Watcher, leave: () => void): AsyncGenerator<readonly ToldEvent[]> {
  const onAbort = (): void => watcher.wake();
  watcher.signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (!watcher.signal.aborted) {
      yield* takeGathered(watcher);
      // While those were being read the last ones may have come; the end is told after them.
      if (hasGathered(watcher)) continue;
      if (watcher.isEnded && watcher.pending !== null) {
        yield [toldOnce({ kind: 'end', rollout: watcher.pending })];
        return;
      }
      if (watcher.pending !== null) {
        const rollout = watcher.pending;
        watcher.pending = null;
        yield [toldOnce({ kind: 'rollout', rollout })];
      }
      if (hasMore(watcher)) continue;
      await new Promise<void>((resolve) => {
        watcher.wake = resolve;
      });
      watcher.wake = () => undefined;
    }
  } finally {
    watcher.signal.removeEventListener('abort', onAbort);
    leave();
  }
}

const hasMore = (watcher: Watcher): boolean =>
  watcher.signal.aborted || watcher.pending !== null || hasGathered(watcher);

const hasGathered = (watcher: Watcher): boolean =>
  watcher.tasks.length > 0 || watcher.outputs.length > 0 || watcher.missed.tasks + watcher.missed.outputs > 0;

function* takeGathered(watcher: Watcher): Generator<readonly ToldEvent[]> {
  const { tasks, outputs, missed } = watcher;
  Object.assign(watcher, { tasks: [], outputs: [], outputBytes: 0, missed: { tasks: 0, outputs: 0 } });
  for (const { taskId, hostName, offsetBytes, chunks } of outputs)
    yield [toldOnce({ kind: 'output', taskId, hostName, offsetBytes, chunks: [...chunks] })];
  for (let start = 0; start < tasks.length; start += TOLD_AT_ONCE_MAX)
    yield tasks.slice(start, start + TOLD_AT_ONCE_MAX);
  if (missed.tasks + missed.outputs > 0) yield [toldOnce({ kind: 'gap', ...missed })];
}
