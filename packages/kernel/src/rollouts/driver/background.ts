/** Work that runs beside the loop and ends by itself, so that whoever closes or waits for quiet can wait for it. */
export interface Background {
  /** `work` never rejects. */
  track(work: Promise<void>): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export function createBackground(): Background {
  const underWay = new Set<Promise<void>>();
  return {
    track(work) {
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
