import { createHash } from 'node:crypto';
import { batchWhileBusy, bytes, parseJson } from '@pilothouse/base';
import {
  AppError,
  type Digest,
  FACT_BODY_BYTES_MAX,
  type FactSpec,
  placedProblem,
} from '@pilothouse/contract';
import type { KernelContext } from '../kernel-context.ts';
import { NOT_JSON } from '../not-json.ts';
import { createBodyCache } from './body-cache.ts';
import { packBody, unpackBody } from './body-text.ts';
import { type BodyRow, insertBodies, loadBody, loadBodyNames } from './store.ts';

/** Bodies up to this size are what lists and selectors read all the time: operating system, kernel, security. */
const SMALL_BYTES_MAX = bytes.kib(4);
/** Sizes as text; parsed they take about four times as much. */
const CACHE = {
  smallBytesMax: SMALL_BYTES_MAX,
  tierSmallBytesMax: bytes.mib(8),
  tierBigBytesMax: bytes.mib(32),
};
/** Together at most a few MiB of compressed text in one transaction. */
const BODIES_PER_BATCH_MAX = 250;
/** First inventory of the largest fleet: every host sends the facts that only it has. */
const BODIES_WAITING_MAX = 100_000;

/** Bodies by digest: stored once, parsed once, each checked by the schema of its fact. */
export interface BodyShelf {
  readonly has: (fact: string, digest: Digest) => boolean;
  readonly put: (fact: string, digest: Digest, body: Uint8Array) => Promise<void>;
  /** Null when it is not stored. */
  readonly get: (digest: Digest) => Promise<unknown>;
  /** Null also when it is not in memory. */
  readonly getNow: (digest: Digest) => unknown;
  readonly forget: (fact: string, digest: Digest) => void;
  readonly count: () => number;
}

export async function openBodyShelf(
  context: KernelContext,
  specs: ReadonlyMap<string, FactSpec>,
  /** One that is stored, and that hosts may still name, cannot be used. */
  lost: () => void,
): Promise<BodyShelf> {
  const { store, clock, log } = context;
  const cache = createBodyCache(CACHE);
  /** The facts whose body a digest is; nearly always one, but two empty lists have one digest. */
  const factsOf = new Map<Digest, readonly string[]>();
  const loading = new Map<Digest, Promise<unknown>>();
  const shelve = (fact: string, digest: Digest) =>
    factsOf.set(digest, [...new Set([...(factsOf.get(digest) ?? []), fact])]);
  for (const { digest, fact } of await loadBodyNames(store)) shelve(fact, digest);
  const forget = (fact: string, digest: Digest) => {
    const rest = (factsOf.get(digest) ?? []).filter((known) => known !== fact);
    if (rest.length > 0) factsOf.set(digest, rest);
    else factsOf.delete(digest);
    cache.delete(digest);
  };

  const write = bodyWriter(store);
  const load = async (digest: Digest): Promise<unknown> => {
    const row = await loadBody(store, digest);
    if (row === null) return null;
    const parsed = specs.get(row.fact)?.body.safeParse(await readStored(row));
    if (parsed?.success !== true) {
      // A newer schema may refuse what an older one took. As if it were absent: it is asked for again.
      log.warn('stored fact body cannot be used', { fact: row.fact, digest });
      forget(row.fact, digest);
      lost();
      return null;
    }
    cache.put(digest, parsed.data, row.size_bytes);
    return parsed.data;
  };

  return {
    count: () => factsOf.size,
    has: (fact, digest) => factsOf.get(digest)?.includes(fact) === true,
    async put(fact, digest, body) {
      const parsed = checkBody(specs, fact, { digest, body });
      await write({
        digest,
        fact,
        size_bytes: body.byteLength,
        body: await packBody(body),
        stored_at: clock.now(),
      });
      shelve(fact, digest);
      cache.put(digest, parsed, body.byteLength);
    },
    async get(digest) {
      const cached = cache.get(digest);
      if (cached !== null) return cached;
      if (!factsOf.has(digest)) return null;
      const running = loading.get(digest) ?? load(digest).finally(() => loading.delete(digest));
      loading.set(digest, running);
      return await running;
    },
    getNow: (digest) => cache.get(digest),
    forget,
  };
}

const bodyWriter = (store: KernelContext['store']) =>
  batchWhileBusy<BodyRow>({
    run: (rows) => {
      // Two hosts may have sent the same; one statement must not write a row twice.
      const distinct = new Map(rows.map((row) => [`${row.fact} ${row.digest}`, row]));
      return store.transaction((transaction) => insertBodies(transaction, [...distinct.values()]));
    },
    itemsPerBatchMax: BODIES_PER_BATCH_MAX,
    itemsWaitingMax: BODIES_WAITING_MAX,
  });

async function readStored(row: BodyRow): Promise<unknown> {
  try {
    return JSON.parse(await unpackBody(row.body));
  } catch {
    // Damaged on disk: no fact's schema takes undefined, so the caller sees a body that cannot be used.
    return undefined;
  }
}

function checkBody(
  specs: ReadonlyMap<string, FactSpec>,
  fact: string,
  { digest, body }: { digest: Digest; body: Uint8Array },
): unknown {
  const spec = specs.get(fact);
  if (spec === undefined) throw new AppError('FACT_UNKNOWN', { fact, nearest: '' });
  const limitBytes = Math.min(spec.sizeBytesMax, FACT_BODY_BYTES_MAX);
  if (body.byteLength > limitBytes)
    throw new AppError('FACT_BODY_TOO_LARGE', { fact, sizeBytes: body.byteLength, limitBytes });
  const actual = createHash('sha256').update(body).digest('hex');
  if (actual !== digest) throw new AppError('FACT_BODY_DIGEST_MISMATCH', { fact, digest, actual });
  const value = readJson(fact, body);
  const parsed = spec.body.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('FACT_BODY_INVALID', { fact, problem: placedProblem(spec.body, value, parsed.error) });
}

function readJson(fact: string, body: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(body).toString('utf8'));
  } catch (cause) {
    throw new AppError('FACT_BODY_INVALID', { fact, problem: NOT_JSON }, { cause });
  }
}
