/** Whoever wants to hear of something, called in the order in which they asked. */
export interface Listeners<Told> {
  readonly tell: (told: Told) => void;
  /** Returns the way to stop listening. */
  readonly listen: (listener: (told: Told) => void) => () => void;
}

export function createListeners<Told>(): Listeners<Told> {
  const listeners = new Set<(told: Told) => void>();
  return {
    tell(told) {
      for (const listener of listeners) listener(told);
    },
    listen(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
