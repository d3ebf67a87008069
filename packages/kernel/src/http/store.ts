import type { Store } from '@pilothouse/store';

interface Tables {
  http_idempotency: {
    key_hash: string;
    request_hash: string;
    started_at: number;
    /** Null while the first request runs, and for ever when the process ended in the middle. */
    status: number | null;
    /** Base64. Null: an answer without a body, or none yet. */
    sealed_body: string | null;
  };
}

export type IdempotencyRow = Tables['http_idempotency'];

export function createIdempotencyStore(store: Store) {
  return {
    find: (keyHash: string): Promise<IdempotencyRow | undefined> =>
      store
        .as<Tables>()
        .selectFrom('http_idempotency')
        .selectAll()
        .where('key_hash', '=', keyHash)
        .executeTakeFirst(),

    begin: (row: Pick<IdempotencyRow, 'key_hash' | 'request_hash' | 'started_at'>): Promise<void> =>
      store.transaction(async (transaction) => {
        await transaction
          .as<Tables>()
          .insertInto('http_idempotency')
          .values({ ...row, status: null, sealed_body: null })
          .execute();
      }),

    finish: (keyHash: string, answer: { status: number; sealed_body: string | null }): Promise<void> =>
      store.transaction(async (transaction) => {
        await transaction
          .as<Tables>()
          .updateTable('http_idempotency')
          .set(answer)
          .where('key_hash', '=', keyHash)
          .execute();
      }),

    forget: (keyHash: string): Promise<void> =>
      store.transaction(async (transaction) => {
        await transaction
          .as<Tables>()
          .deleteFrom('http_idempotency')
          .where('key_hash', '=', keyHash)
          .execute();
      }),

    forgetBefore: (startedAt: number): Promise<void> =>
      store.transaction(async (transaction) => {
        await transaction
          .as<Tables>()
          .deleteFrom('http_idempotency')
          .where('started_at', '<', startedAt)
          .execute();
      }),
  };
}
export type IdempotencyStore = ReturnType<typeof createIdempotencyStore>;
