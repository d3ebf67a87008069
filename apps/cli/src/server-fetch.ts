/**
 * HTTPS to one server, with the trust that the login pinned and connections kept alive between calls. Not for anything but
 * the API: no redirects, no proxies, no cookies.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { errorCode } from '@pilothouse/base';
import type { Fetch } from '@pilothouse/client';
import { AppError } from '@pilothouse/contract';

export interface ServerTrust {
  /** PEM; null: the system's own trust. */
  readonly authority: string | null;
}

export interface ServerConnection {
  readonly fetch: Fetch;
  close(): void;
}

/** A server that has not begun to answer by then is taken for gone; streams may then last for ever. */
const ANSWER_TIMEOUT_MS = 60_000;
/**
 * A stream of events says every quarter of a minute that it is there, if nothing else, and every other answer has been made when it
 * begins: one that is silent for so long leads to a machine that has vanished without a word.
 */
export const STREAM_SILENCE_MS_MAX = 60_000;
/** An answer that is not a stream is at most one page of records. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const SOCKETS_MAX = 8;

export function connectServer(trust: ServerTrust, defaultSignal: AbortSignal): ServerConnection {
  const pool = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const secure = new HttpsAgent({ ...pool, ...(trust.authority === null ? {} : { ca: trust.authority }) });
  const clear = new HttpAgent(pool);
  const fetch: Fetch = (url, init) =>
    new Promise((resolve, reject) => {
      const target = new URL(url);
      refuseClearText(target);
      const signal = init.signal ?? defaultSignal;
      if (signal.aborted) return reject(new AppError('CLI_INTERRUPTED'));
      const isSecure = target.protocol === 'https:';
      const request = (isSecure ? httpsRequest : httpRequest)(target, {
        method: init.method,
        headers: init.headers,
        agent: isSecure ? secure : clear,
      });
      const cancel = (): void => void request.destroy(new AppError('CLI_INTERRUPTED'));
      signal.addEventListener('abort', cancel);
      const timer = setTimeout(() => request.destroy(new Error('no answer')), ANSWER_TIMEOUT_MS);
      request.on('error', (error) => reject(networkError(target, error)));
      request.on('close', () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', cancel);
      });
      request.on('response', (response) => {
        clearTimeout(timer);
        resolve({
          status: response.statusCode ?? 0,
          headers: { get: (name) => headerOf(response, name) },
          text: () => readText(target, response),
          body: readBody(target, response),
        });
      });
      request.end(init.body);
    });
  return {
    fetch,
    close() {
      secure.destroy();
      clear.destroy();
    },
  };
}

/** A token must not cross a network in the clear. Loopback is no network. */
function refuseClearText(target: URL): void {
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(target.hostname);
  if (target.protocol === 'https:' || (target.protocol === 'http:' && isLoopback)) return;
  throw new AppError('CLI_VALUE_INVALID', { value: target.origin, expected: 'https://HOST:PORT' });
}

const headerOf = (response: IncomingMessage, name: string): string | null => {
  const value = response.headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(', ') : (value ?? null);
};

async function* readBody(target: URL, response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* unlessSilent(response);
  } catch (error) {
    throw networkError(target, error);
  }
}

/** The time in which the reader does something else is nobody's silence. */
async function* unlessSilent(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      const timer = setTimeout(() => response.destroy(new Error('no answer')), STREAM_SILENCE_MS_MAX);
      const next = await chunks.next().finally(() => clearTimeout(timer));
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
}

async function readText(target: URL, response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of readBody(target, response)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > ANSWER_BYTES_MAX) {
      throw new AppError('CLIENT_ANSWER_INVALID', {
        method: 'GET',
        path: target.pathname,
        problem: { en: `larger than ${ANSWER_BYTES_MAX} bytes`, zh: `超过 ${ANSWER_BYTES_MAX} 字节` },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What OpenSSL and Node call a chain or a name that does not check out. */
const UNTRUSTED =
  /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA|ERR_SSL_)/;

export function networkError(target: URL, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = errorCode(error) ?? '';
  const reason = code || (error instanceof Error ? error.message : 'unknown');
  const url = target.origin;
  return new AppError(
    UNTRUSTED.test(code) ? 'CLIENT_UNTRUSTED' : 'CLIENT_UNREACHABLE',
    { url, reason },
    { cause: error },
  );
}
