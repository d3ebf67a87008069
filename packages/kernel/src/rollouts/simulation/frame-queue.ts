import type { Random } from './random.ts';

/** How a frame gets through: as it ought to, before older ones, or once more than it was sent. */
export interface Passage {
  readonly overtakes: boolean;
  readonly twice: boolean;
}

export const IN_ORDER: Passage = { overtakes: false, twice: false };

/** A frame with the session that carried it: both sides drop what comes from another than that of the moment. */
export interface Carried<Frame> {
  readonly generation: number;
  readonly frame: Frame;
}

/** One direction between a host and the server. */
export interface FrameQueue<Frame> {
  readonly onTheWay: Frame[];
  /** What broken connections had carried and the network has not lost. */
  readonly late: Carried<Frame>[];
}

const LATE_MAX = 20;

export const newQueue = <Frame>(): FrameQueue<Frame> => ({ onTheWay: [], late: [] });

export function takeFrame<Frame>(
  random: Random,
  { onTheWay }: FrameQueue<Frame>,
  { overtakes, twice }: Passage,
): Frame | null {
  const at = overtakes ? random.int(onTheWay.length) : 0;
  const frame = onTheWay[at] ?? null;
  if (!twice) onTheWay.splice(at, 1);
  return frame;
}

/** A connection that breaks loses most of what it carried; the rest arrives long after it. */
export function breakOff<Frame>(random: Random, queue: FrameQueue<Frame>, generation: number): void {
  const { onTheWay, late } = queue;
  if (onTheWay.length > 0 && late.length < LATE_MAX && random.isLikely(0.3))
    late.push(...onTheWay.map((frame) => ({ generation, frame })));
  onTheWay.length = 0;
}

/** The oldest of what is late, if the session that carried it is the one of the moment, as agent and gateway judge it. */
export function takeLate<Frame>({ late }: FrameQueue<Frame>, generation: number | null): Frame | null {
  const carried = late.shift();
  return carried !== undefined && carried.generation === generation ? carried.frame : null;
}
