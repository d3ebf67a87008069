import { AppError } from '@pilothouse/contract';
import type { AccessParts } from './access-deps.ts';
import { ADMINISTRATOR } from './built-in-roles.ts';
import { requireStrongPassword } from './passwords.ts';
import { hashSecret, newSecret } from './secrets.ts';
import type { SignedIn, SignIn, SignInRequest } from './sign-in.ts';
import { setupStore, userStore } from './store.ts';
import { insertUser, newUserRow } from './users.ts';

export interface SetupRequest extends SignInRequest {
  readonly code: string;
  readonly name: string;
  readonly password: string;
}

/**
 * The first administrator. There is no default password: each start of an installation that nobody administers yet makes
 * a code, printed once and stored as its hash, and whoever has it may make the first administrator. Codes of earlier
 * starts stay good until then, so that a link already copied works; afterwards none does.
 */
export interface Setup {
  /** A new code; null when there is an administrator. */
  newCode(): Promise<string | null>;
  complete(request: SetupRequest): Promise<SignedIn>;
}

export function createSetup(parts: AccessParts, signIn: SignIn): Setup {
  const { store, clock, ids } = parts.context;
  const isDone = async (where: Parameters<typeof userStore.enabledHolders>[0]): Promise<boolean> =>
    (await userStore.enabledHolders(where, ADMINISTRATOR)).length > 0;
  return {
    async newCode() {
      if (await isDone(store)) return null;
      const code = newSecret('phc', ids);
      await store.transaction((transaction) => setupStore.insert(transaction, hashSecret(code), clock.now()));
      return code;
    },
    async complete(request) {
      signIn.requirePatience(request.address, null);
      requireStrongPassword(request.name, request.password);
      if (await isDone(store)) throw new AppError('SETUP_DONE');
      if (!(await setupStore.has(store, hashSecret(request.code)))) throw new AppError('SETUP_CODE_WRONG');
      const passwordHash = await parts.passwords.hash(request.password);
      return store.transaction(async (transaction) => {
        // Asked again inside: two requests with one code may have come this far.
        if (await isDone(transaction)) throw new AppError('SETUP_DONE');
        const row = newUserRow(parts, { name: request.name, password_hash: passwordHash });
        await insertUser(transaction, row, [ADMINISTRATOR]);
        await setupStore.deleteAll(transaction);
        const actor = { kind: 'user' as const, id: row.id, name: row.name };
        const { requestId, address } = request;
        await parts.audit.append(transaction, [
          { actor, action: 'setup.completed', subject: row.name, details: { address }, requestId },
        ]);
        return signIn.complete(transaction, row, request);
      });
    },
  };
}
