import type { AccessParts, Doer } from './access-deps.ts';
import type { Identity } from './identities.ts';
import { sessionStore, tokenStore } from './store.ts';

/** Ends what the request came by: its session, or its token. Others of the same person stay. */
export async function signOut(parts: AccessParts, doer: Doer, identity: Identity): Promise<void> {
  const { by, user } = identity;
  await parts.context.store.transaction(async (transaction) => {
    if (by.kind === 'session') await sessionStore.delete(transaction, by.id);
    else await tokenStore.delete(transaction, by.id);
    const { actor, requestId } = doer;
    await parts.audit.append(transaction, [
      { actor, action: 'session.signed-out', subject: user.name, details: { by: by.kind }, requestId },
    ]);
  });
}
