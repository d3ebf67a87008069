import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { DAY_MS } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { isRefusal } from '../is-refusal.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { IdempotencyRow, IdempotencyStore } from './store.ts';

/**
 * A write that brings an Idempotency-Key happens once: whoever repeats it within a day (a client that lost the answer)
 * is given the first answer again.
 *
 * The key is noted durably before the handler runs and the answer after it. So a repeat finds one of three things: the
 * answer; a request still running in this process, which it waits for; or a note without an answer, left by a process
 * that ended in the middle. In the last case nobody knows whether the write took effect, and the client is told so
 * instead of a guess; the same holds after an error of our own. A refusal is not kept: nothing happened, and a repeat
 * is judged anew.
 *
 * Answers may hold secrets shown once, such as a new token. They are stored sealed with a key derived from the
 * Idempotency-Key itself, of which only a hash is stored: the database alone does not give them away.
 */
export const IDEMPOTENCY_KEEP_MS = DAY_MS;
export const IDEMPOTENCY_KEY_CHARS_MAX = 255;
/** A larger answer is not kept; a repeat is then told that the outcome is no longer known. */
const BODY_CHARS_MAX = 1024 * 1024;

export interface KeptAnswer {
  readonly status: number;
  /** JSON text, null for an answer without a body. */
  readonly body: string | null;
}

export interface IdempotentRequest {
  readonly actorId: string;
  readonly key: string;
  readonly routeId: string;
  /** The parsed input; another input under the same key is refused. */
  readonly input: unknown;
}

export interface Idempotency {
  run(request: IdempotentRequest, answer: () => Promise<KeptAnswer>): Promise<KeptAnswer>;
  prune(): Promise<void>;
}

export function createIdempotency(
  context: Pick<KernelContext, 'clock' | 'ids'>,
  store: IdempotencyStore,
): Idempotency {
  const running = new Map<string, Promise<unknown>>();

  const first = async (
    request: IdempotentRequest,
    row: { key_hash: string; request_hash: string },
    answer: () => Promise<KeptAnswer>,
  ): Promise<KeptAnswer> => {
    await store.begin({ ...row, started_at: context.clock.now() });
    try {
      const kept = await answer();
      const isKept = (kept.body?.length ?? 0) <= BODY_CHARS_MAX;
      if (isKept) await store.finish(row.key_hash, { status: kept.status, sealed_body: seal(request, kept) });
      return kept;
    } catch (error) {
      // A refusal is not kept. Where nobody knows what came of it the key stays, and a repeat is told so.
      if (isRefusal(error)) await store.forget(row.key_hash);
      throw error;
    }
  };

  const seal = (request: IdempotentRequest, kept: KeptAnswer): string | null =>
    kept.body === null ? null : sealText(secretOf(request), kept.body, context.ids.fill(new Uint8Array(12)));

  return {
    async run(request, answer) {
      if (request.key.length > IDEMPOTENCY_KEY_CHARS_MAX) throw keyTooLong();
      const keyHash = sha256(['key', request.actorId, request.key]);
      const requestHash = sha256(['request', request.routeId, JSON.stringify(request.input)]);
      while (running.has(keyHash)) await settled(running.get(keyHash));
      const work = (async () => {
        const row = await store.find(keyHash);
        const isOld = row !== undefined && row.started_at < context.clock.now() - IDEMPOTENCY_KEEP_MS;
        if (row !== undefined && !isOld) return replay(request, row, requestHash);
        if (isOld) await store.forget(keyHash);
        return first(request, { key_hash: keyHash, request_hash: requestHash }, answer);
      })();
      running.set(keyHash, work);
      try {
        return await work;
      } finally {
        running.delete(keyHash);
      }
    },
    prune: () => store.forgetBefore(context.clock.now() - IDEMPOTENCY_KEEP_MS),
  };
}

function replay(request: IdempotentRequest, row: IdempotencyRow, requestHash: string): KeptAnswer {
  if (row.request_hash !== requestHash) throw new AppError('IDEMPOTENCY_MISMATCH');
  if (row.status === null) throw new AppError('IDEMPOTENCY_OUTCOME_UNKNOWN');
  return {
    status: row.status,
    body: row.sealed_body === null ? null : openText(secretOf(request), row.sealed_body),
  };
}

/** Waits for the end of somebody else's request, whose outcome is theirs to tell. */
const settled = async (work: Promise<unknown> | undefined): Promise<void> => {
  await Promise.allSettled([work]);
};

const keyTooLong = (): AppError =>
  new AppError('INVALID_REQUEST', {
    where: 'header.idempotency-key',
    problem: {
      en: `longer than ${IDEMPOTENCY_KEY_CHARS_MAX} characters`,
      zh: `超过 ${IDEMPOTENCY_KEY_CHARS_MAX} 个字符`,
    },
  });

const sha256 = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

const secretOf = (request: IdempotentRequest): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', request.key, request.actorId, 'pilothouse idempotency', 32));

function sealText(secret: Uint8Array, text: string, nonce: Uint8Array): string {
  const cipher = createCipheriv('aes-256-gcm', secret, nonce);
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return sealed.toString('base64');
}

function openText(secret: Uint8Array, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
}
