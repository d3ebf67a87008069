/** Which locks running tasks hold. Everything that is not `read` also takes `host`, so such tasks run one after another. */
export interface LockTable {
  /** All of them or none. */
  tryTake(owner: string, locks: readonly string[]): boolean;
  release(owner: string): void;
}

export function createLockTable(): LockTable {
  const holders = new Map<string, string>();
  return {
    tryTake(owner, locks) {
      if (locks.some((lock) => holders.has(lock))) return false;
      for (const lock of locks) holders.set(lock, owner);
      return true;
    },
    release(owner) {
      for (const [lock, holder] of holders) if (holder === owner) holders.delete(lock);
    },
  };
}
