import { SECOND_MS } from '@pilothouse/base';
import { AppError, type Message, Problem, placedProblem, type Route } from '@pilothouse/contract';
import { askPatiently } from './ask-patiently.ts';
import { buildPath } from './build-path.ts';
import { type CallInput, type Client, type ClientOptions, type Out, ProblemError } from './client.ts';

type Answer = Awaited<ReturnType<ClientOptions['fetch']>>;

/** The untyped half of CallInput, as the sender reads it once the types have done their work. */
interface RawInput {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly etag?: string;
  readonly signal?: Parameters<ClientOptions['fetch']>[1]['signal'];
}

/** A client of one server. It holds no connection and no state: the fetch that it is given does. */
export function createClient(options: ClientOptions): Client {
  return {
    async call<R extends Route>(route: R, input?: CallInput<R>): Promise<Out<R['response']>> {
      const ask = askingFor(options, route, input ?? {}, 'application/json');
      const text = await ask((answer) => answer.text());
      // A route without a response schema answers nothing, and its Out is undefined.
      if (route.response === undefined) return undefined as Out<R['response']>;
      const value = parseJson(route, text);
      const parsed = route.response.safeParse(value);
      if (!parsed.success) throw answerInvalid(route, placedProblem(route.response, value, parsed.error));
      // The schema that just parsed it is the one that Out names.
      return parsed.data as Out<R['response']>;
    },
    async stream(route, input) {
      const ask = askingFor(options, route, input ?? {}, route.stream ?? 'application/octet-stream');
      const body = await ask(async (answer) => answer.body);
      if (body === null) throw answerInvalid(route, { en: 'no body', zh: '没有正文' });
      return body;
    },
  };
}

type Ask = <T>(read: (answer: Answer) => Promise<T>) => Promise<T>;

/** One request, which may be sent several times: each time the same one, with the same key. */
function askingFor(options: ClientOptions, route: Route, input: RawInput, accept: string): Ask {
  const headers = headersOf(options, route, input, accept);
  const { patience } = options;
  // The server knows a key again for those it knows, and answers anybody else anew.
  const isKnown = options.token !== null && headers['idempotency-key'] !== undefined;
  const isRepeatable = route.method === 'GET' || isKnown;
  return (read) => {
    const once = async () => read(await send(options, route, input, headers));
    if (patience === undefined || !isRepeatable) return once();
    return askPatiently(patience, once);
  };
}

function headersOf(
  options: ClientOptions,
  route: Route,
  input: RawInput,
  accept: string,
): Record<string, string> {
  const headers: Record<string, string> = { accept, 'accept-language': options.language };
  if (options.token !== null) headers['authorization'] = `Bearer ${options.token}`;
  if (input.etag !== undefined) headers['if-match'] = `"${input.etag}"`;
  if (input.body !== undefined) headers['content-type'] = 'application/json';
  if (route.method !== 'GET' && options.newIdempotencyKey !== undefined) {
    headers['idempotency-key'] = options.newIdempotencyKey();
  }
  return Object.assign(headers, input.headers);
}

async function send(
  options: ClientOptions,
  route: Route,
  input: RawInput,
  headers: Record<string, string>,
): Promise<Answer> {
  const url = options.baseUrl.replace(/\/+$/, '') + buildPath(route, input.params, input.query);
  const answer = await options.fetch(url, {
    method: route.method,
    headers,
    ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  });
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw await problemOf(route, answer);
}

async function problemOf(route: Route, answer: Answer): Promise<AppError> {
  const text = await answer.text();
  const type = answer.headers.get('content-type') ?? '';
  if (type.includes('json')) {
    const parsed = Problem.safeParse(parseJson(route, text));
    if (parsed.success) return new ProblemError(parsed.data, retryAfterMs(answer));
  }
  return answerInvalid(route, {
    en: `status ${answer.status}, ${type || 'no content type'}`,
    zh: `状态 ${answer.status}，${type || '没有内容类型'}`,
  });
}

/** Servers of ours say it in seconds, never as a date. */
function retryAfterMs(answer: Answer): number | null {
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return seconds >= 0 ? seconds * SECOND_MS : null;
}

function parseJson(route: Route, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw answerInvalid(route, { en: 'not JSON', zh: '不是 JSON' }, cause);
  }
}

const answerInvalid = (route: Route, problem: Message, cause?: unknown): AppError =>
  new AppError('CLIENT_ANSWER_INVALID', { method: route.method, path: route.path, problem }, { cause });
