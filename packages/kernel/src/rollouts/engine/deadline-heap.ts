interface Deadline {
  readonly at: number;
  readonly index: number;
}

/**
 * The earliest deadline first, in O(log n). Entries are never removed when a task moves on: whoever takes one out checks
 * it against the task. So it holds at most one entry for each time a task was offered or started.
 */
export class DeadlineHeap {
  readonly #heap: Deadline[] = [];

  get next(): number | null {
    return this.#heap[0]?.at ?? null;
  }

  add(deadline: Deadline): void {
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(deadline);
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.at <= deadline.at) break;
      heap[hole] = parent;
      hole = above;
    }
    heap[hole] = deadline;
  }

  /** The index of one deadline that is due at `now`, or null. */
  takeDue(now: number): number | null {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return null;
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
    return first.index;
  }

  #sink(entry: Deadline): void {
    const heap = this.#heap;
    let hole = 0;
    for (;;) {
      const left = heap[2 * hole + 1];
      const right = heap[2 * hole + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && right.at < left.at;
      const child = isRight ? right : left;
      if (child.at >= entry.at) break;
      heap[hole] = child;
      hole = 2 * hole + (isRight ? 2 : 1);
    }
    heap[hole] = entry;
  }
}
