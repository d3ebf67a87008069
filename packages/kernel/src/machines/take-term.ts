import type { KernelContext } from '../kernel-context.ts';
import { type LeaderRow, machinesStore } from './machines-store.ts';

export interface Term {
  readonly number: number;
  /** Who led before; null: nobody, or this machine itself. */
  readonly before: LeaderRow | null;
}

/** Writes down where the leader is from now on. Only who holds the store can; fronts read it (find-leader.ts). */
export async function takeTerm({ store, clock }: KernelContext, address: string): Promise<Term> {
  return store.transaction(async (transaction) => {
    const before = await machinesStore.leader(transaction);
    const number = (before?.term ?? 0) + 1;
    await machinesStore.setLeader(transaction, { address, term: number, since: clock.now() });
    return { number, before: before?.address === address ? null : before };
  });
}
