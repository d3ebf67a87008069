import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';

/** The answer as far as a client of the API reads it. */
interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  readonly body: AsyncIterable<Uint8Array>;
}

interface Init {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal?: { addEventListener(type: 'abort', listener: () => void): void };
}

/**
 * Fetch for tests against a server whose certificate nobody knows yet. It takes any certificate: who the server is has been
 * settled by the test that started it.
 */
export function testFetch(): { fetch: (url: string, init: Init) => Promise<Answer>; close: () => void } {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const fetch = (url: string, init: Init): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const length =
        init.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(init.body)) };
      const sent = request(
        url,
        { method: init.method, headers: { ...init.headers, ...length }, agent },
        (response) => {
          resolve(answerOf(response));
        },
      );
      init.signal?.addEventListener('abort', () => sent.destroy());
      sent.on('error', reject);
      sent.end(init.body);
    });
  return { fetch, close: () => agent.destroy() };
}

function answerOf(response: IncomingMessage): Answer {
  return {
    status: response.statusCode ?? 0,
    headers: {
      get: (name) => {
        const value = response.headers[name];
        return value === undefined ? null : String(value);
      },
    },
    text: async () => {
      const pieces: Buffer[] = [];
      for await (const piece of response) pieces.push(piece as Buffer); // IncomingMessage yields buffers until an encoding is set
      return Buffer.concat(pieces).toString('utf8');
    },
    body: response,
  };
}
