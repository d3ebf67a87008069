import type { Delegates } from '../schedules/service.ts';
import type { AccessParts } from './access-deps.ts';
import type { Identities } from './identities.ts';
import { userStore } from './store.ts';

/** Accounts that act while nobody is signed in: never with more than they had, and have. */
export const createDelegates = (
  { context }: Pick<AccessParts, 'context'>,
  identities: Identities,
): Delegates => ({
  delegateOf(principal) {
    const identity = identities.find(principal);
    if (identity === null) return null;
    const { user, allowed } = identity;
    return { userId: user.id, userName: user.name, roles: allowed };
  },
  async principalOf({ userId, roles }) {
    const user = await userStore.byId(context.store, userId);
    if (user === undefined || user.is_disabled === 1) return null;
    const actor = { kind: 'user' as const, id: user.id, name: user.name };
    return identities.make(user, { actor, allowed: roles, by: { kind: 'delegate', id: user.id } });
  },
});
