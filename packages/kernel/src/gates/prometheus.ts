import type { Message } from '@pilothouse/contract';
import { z } from 'zod';

/** A gate waits no longer for an answer; it asks again soon anyhow. */
const QUERY_TIMEOUT_MS = 10_000;
/** One sample a host of the largest fleet, with its labels. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

export interface PrometheusSettings {
  readonly url: string;
  /** Sent as a bearer token; null: none. */
  readonly token: string | null;
}

export interface PromSample {
  readonly labels: Readonly<Record<string, string>>;
  /** May be NaN or infinite, as Prometheus has them. */
  readonly value: number;
}

/** `unreachable`: nobody answered, or not like Prometheus. `refused`: it did not understand the query. */
export type PromAnswer =
  | { readonly kind: 'samples'; readonly samples: readonly PromSample[] }
  | { readonly kind: 'unreachable' | 'refused'; readonly problem: Message };

export interface Prometheus {
  /** An instant query, at the engine's own now. Never throws. */
  query(text: string): Promise<PromAnswer>;
}

const Value = z.tuple([z.number(), z.string()]);
const Answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: Value })),
      }),
      z.object({ resultType: z.literal('scalar'), result: Value }),
      z.object({ resultType: z.enum(['matrix', 'string']) }),
    ]),
  }),
  z.object({ status: z.literal('error'), error: z.string() }),
]);

/** Anything that speaks the query API of Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/ */
export function createPrometheus(settings: PrometheusSettings, request: typeof fetch = fetch): Prometheus {
  return {
    async query(text) {
      try {
        const response = await request(new URL('api/v1/query', withSlash(settings.url)), {
          method: 'POST',
          redirect: 'error',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            ...(settings.token === null ? {} : { authorization: `Bearer ${settings.token}` }),
          },
          body: new URLSearchParams({ query: text }).toString(),
          signal: AbortSignal.timeout(QUERY_TIMEOUT_MS),
        });
        return answerOf(await readBounded(response), response.status);
      } catch (cause) {
        return { kind: 'unreachable', problem: problemOf(cause) };
      }
    },
  };
}

const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`);

async function readBounded(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.byteLength;
    if (size > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function answerOf(text: string, status: number): PromAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // A proxy's page, say.
    return {
      kind: 'unreachable',
      problem: { en: `HTTP ${status} and no JSON`, zh: `HTTP ${status}，不是 JSON` },
    };
  }
  const parsed = Answer.safeParse(json);
  if (!parsed.success)
    return {
      kind: 'unreachable',
      problem: { en: `HTTP ${status} and not the answer to a query`, zh: `HTTP ${status}，不是查询的应答` },
    };
  if (parsed.data.status === 'error')
    return {
      kind: status >= 500 ? 'unreachable' : 'refused',
      problem: quoted(parsed.data.error.slice(0, 500)),
    };
  const { data } = parsed.data;
  if (data.resultType === 'scalar')
    return { kind: 'samples', samples: [{ labels: {}, value: numberOf(data.result[1]) }] };
  if (data.resultType !== 'vector')
    return {
      kind: 'refused',
      problem: {
        en: `it gives a ${data.resultType}, not one value for each series`,
        zh: `结果类型为 ${data.resultType}，不是每个序列一个值`,
      },
    };
  const samples = data.result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value[1]) }));
  return { kind: 'samples', samples };
}

/** Prometheus writes infinities as +Inf and -Inf. */
const numberOf = (text: string): number => Number(text.replace('Inf', 'Infinity'));

/** Its own words, or those of the runtime, which are English alone. */
const quoted = (words: string): Message => ({ en: `"${words}"`, zh: `“${words}”` });

function problemOf(cause: unknown): Message {
  if (!(cause instanceof Error)) return { en: 'it failed', zh: '请求失败' };
  const inner = cause.cause instanceof Error ? cause.cause.message : cause.message;
  return quoted(inner.slice(0, 300));
}
