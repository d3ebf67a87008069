/** Callers go on one after another, each in a turn of the event loop of its own, so that the sockets are looked at between. */
export function oneATurn(): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return last;
  };
}
