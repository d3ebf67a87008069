/** Thrown through a step that waits in a stage while the process ends in good order; the task has no outcome yet. */
export class TaskParked extends Error {
  constructor() {
    super('the agent ends while the task is in a stage');
  }
}

/** What `wait` gives, or TaskParked when `parked` is aborted first. `wait` is told when nobody waits for it any more. */
export async function untilOrParked<T>(
  parked: AbortSignal,
  wait: (over: AbortSignal) => Promise<T>,
): Promise<T> {
  if (parked.aborted) throw new TaskParked();
  const over = new AbortController();
  try {
    return await new Promise<T>((resolve, reject) => {
      parked.addEventListener('abort', () => reject(new TaskParked()), { signal: over.signal });
      wait(over.signal).then(resolve, reject);
    });
  } finally {
    over.abort();
  }
}
