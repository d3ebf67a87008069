import { createHash } from 'node:crypto';
import { type Digest, type HostId, OutputBody, type TaskOutcome } from '@pilothouse/contract';
import type { Log } from '../../log.ts';
import type { Batch } from './batch.ts';

/** Digests that are known to be in the store: the outputs of a few rollouts. */
const KNOWN_MAX = 20_000;

/** Whose outcome is saved but not acknowledged, because its output is still on the host alone. */
interface Waiter {
  readonly hostId: HostId;
  readonly taskId: string;
  readonly attempt: number;
}

/**
 * Outputs on their way in. A small one rides in its outcome; a large one is asked for once, from the first host that
 * names it, and the outcomes that name it are acknowledged when it is on disk: until then a host keeps its copy.
 */
export interface OutputIntake {
  /** Takes an outcome's output into the batch; acknowledges by frames of the batch, now or when the body came. */
  takeOutcome(
    batch: Batch,
    from: Waiter,
    word: { outcome: TaskOutcome; inline: string | null },
  ): Promise<void>;
  /** Whether it is in the store or on its way there. */
  isThere(batch: Batch, digest: Digest): Promise<boolean>;
  /** A body that a host uploaded; false when nobody asked for it. */
  takeBody(batch: Batch, hostId: HostId, digest: Digest, body: Uint8Array): boolean;
  sessionClosed(hostId: HostId, batch: Batch): void;
  /**
   * Outputs that no task names are being dropped: what is in the store may go, so nothing is there but what a batch brings,
   * and afterwards nothing is known of what was there before.
   */
  setSweeping(isOn: boolean): void;
  clear(): void;
}

export function createOutputIntake(deps: {
  readonly log: Log;
  readonly isStored: (digest: Digest) => Promise<boolean>;
}): OutputIntake {
  const known = new Set<Digest>();
  let isSweeping = false;
  const wanted = new Map<Digest, { askedHost: HostId; waiters: Waiter[] }>();
  const remember = (digest: Digest): void => {
    known.add(digest);
    if (known.size > KNOWN_MAX) for (const oldest of known) return void known.delete(oldest);
  };
  const save = (batch: Batch, digest: Digest, text: string): void => {
    batch.outputs.set(digest, text);
    batch.afterCommit.push(() => remember(digest));
  };
  const ask = (batch: Batch, hostId: HostId, digest: Digest): void =>
    void batch.sends.push({ kind: 'frame', hostId, frame: { kind: 'outputs-wanted', digests: [digest] } });

  return {
    async takeOutcome(batch, from, { outcome, inline }) {
      const digest = outcome.output?.digest;
      const isKnown = digest !== undefined && !isSweeping && known.has(digest);
      if (digest === undefined || isKnown || batch.outputs.has(digest)) return acknowledge(batch, from);
      if (inline !== null) {
        if (isOutput(digest, inline)) save(batch, digest, inline);
        else deps.log.warn('output does not fit its digest', { hostId: from.hostId, taskId: from.taskId });
        return acknowledge(batch, from);
      }
      if (!isSweeping && (await deps.isStored(digest))) {
        remember(digest);
        return acknowledge(batch, from);
      }
      const want = wanted.get(digest);
      if (want === undefined) {
        wanted.set(digest, { askedHost: from.hostId, waiters: [from] });
        return ask(batch, from.hostId, digest);
      }
      if (!want.waiters.some((waiter) => waiter.taskId === from.taskId)) want.waiters.push(from);
      if (want.askedHost === from.hostId) ask(batch, from.hostId, digest);
    },
    isThere: async (batch, digest) =>
      known.has(digest) || batch.outputs.has(digest) || (await deps.isStored(digest)),
    takeBody(batch, hostId, digest, body) {
      const want = wanted.get(digest);
      if (want === undefined) return false;
      wanted.delete(digest);
      const text = Buffer.from(body).toString('utf8');
      if (isOutput(digest, text)) save(batch, digest, text);
      else deps.log.warn('uploaded output is not one', { hostId, digest });
      for (const waiter of want.waiters) acknowledge(batch, waiter);
      return true;
    },
    sessionClosed(hostId, batch) {
      for (const [digest, want] of wanted) {
        want.waiters = want.waiters.filter((waiter) => waiter.hostId !== hostId);
        const [next] = want.waiters;
        if (next === undefined) wanted.delete(digest);
        else if (want.askedHost === hostId) {
          want.askedHost = next.hostId;
          ask(batch, next.hostId, digest);
        }
      }
    },
    setSweeping(isOn) {
      isSweeping = isOn;
      known.clear();
    },
    clear: () => wanted.clear(),
  };
}

function acknowledge(batch: Batch, { hostId, taskId, attempt }: Waiter): void {
  batch.sends.push({ kind: 'frame', hostId, frame: { kind: 'outcome-saved', taskId, attempt } });
}

/** True when `text` is the body of an output and the one that `digest` names. Never throws on hostile text. */
function isOutput(digest: Digest, text: string): boolean {
  if (createHash('sha256').update(text).digest('hex') !== digest) return false;
  try {
    return OutputBody.safeParse(JSON.parse(text)).success;
  } catch {
    // Not JSON: the same answer as for JSON of another shape.
    return false;
  }
}
