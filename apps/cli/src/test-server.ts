/** For tests: a server on loopback that answers routes by script, holding both sides to the route's contract. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Route } from '@pilothouse/contract';

export interface Seen {
  readonly id: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: IncomingMessage['headers'];
}

type Answer =
  | { readonly status?: number; readonly json: unknown }
  | { readonly stream: AsyncIterable<string> | Iterable<string> };

export interface TestServer {
  readonly url: string;
  readonly seen: Seen[];
  /** Answers the route from now on; a list is given one after another, its last one again and again. */
  on(route: Route, answer: Answer | readonly Answer[] | ((seen: Seen) => Answer)): void;
  requests(route: Route): Seen[];
  close(): Promise<void>;
}

export const problem = (status: number, code: string, details: Record<string, unknown> = {}): Answer => ({
  status,
  json: {
    type: 'about:blank',
    title: `title of ${code}`,
    status,
    code,
    hint: `hint of ${code}`,
    retry: 'after-change',
    requestId: 'q_test',
    details,
  },
});

/** Events of a stream as the server writes them. */
export const serverEvents = (...values: readonly { readonly kind: string }[]): string[] =>
  values.map((value, i) => `id: ${i + 1}\nevent: ${value.kind}\ndata: ${JSON.stringify(value)}\n\n`);

export async function startTestServer(): Promise<TestServer> {
  const scripts = new Map<string, { route: Route; next: (seen: Seen) => Answer }>();
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://test');
    let text = '';
    for await (const chunk of request) text += chunk;
    const found = match([...scripts.values()], request.method ?? '', url.pathname);
    if (found === null) {
      await write(response, problem(404, 'NOT_FOUND', { what: 'route', id: url.pathname }));
      return;
    }
    const { route, next } = found.script;
    const query = Object.fromEntries(url.searchParams);
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const record: Seen = {
      id: route.id,
      params: found.params,
      query: route.query?.parse(query) ?? query,
      body: route.body?.parse(body) ?? body,
      headers: request.headers,
    };
    route.params?.parse(found.params);
    seen.push(record);
    const answer = next(record);
    if ('json' in answer && (answer.status ?? 200) < 300 && route.response !== undefined) {
      route.response.parse(answer.json);
    }
    await write(response, answer);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is an AddressInfo, a string only for pipes.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    on(route, answer) {
      scripts.set(route.id, { route, next: sequence(answer) });
    },
    requests: (route) => seen.filter((one) => one.id === route.id),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sequence(answer: Answer | readonly Answer[] | ((seen: Seen) => Answer)): (seen: Seen) => Answer {
  if (typeof answer === 'function') return answer;
  // Array.isArray does not narrow readonly arrays away from the other members.
  const list = (Array.isArray(answer) ? answer : [answer]) as readonly Answer[];
  let given = 0;
  return () => {
    const next = list[Math.min(given, list.length - 1)];
    given += 1;
    if (next === undefined) throw new Error('a script has at least one answer');
    return next;
  };
}

function match(
  scripts: readonly { route: Route; next: (seen: Seen) => Answer }[],
  method: string,
  path: string,
) {
  const parts = path.split('/');
  for (const script of scripts) {
    const pattern = script.route.path.split('/');
    if (script.route.method !== method || pattern.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = pattern.every((word, i) => {
      const part = parts[i] ?? '';
      if (!word.startsWith('{')) return word === part;
      params[word.slice(1, -1)] = decodeURIComponent(part);
      return true;
    });
    if (fits) return { script, params };
  }
  return null;
}

async function write(response: ServerResponse, answer: Answer): Promise<void> {
  if ('stream' in answer) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for await (const piece of answer.stream) response.write(piece);
    response.end();
    return;
  }
  const status = answer.status ?? 200;
  const type = status < 300 ? 'application/json' : 'application/problem+json';
  if (answer.json === undefined) response.writeHead(204).end();
  else response.writeHead(status, { 'content-type': type }).end(JSON.stringify(answer.json));
}
