import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIPv6 } from 'node:net';
import { rootCertificates } from 'node:tls';
import { SECOND_MS } from '@pilothouse/base';
import { toTimestamp } from '@pilothouse/contract';
import type { AddressGuard } from './address-guard.ts';
import type { OutgoingMessage, WebhookTarget } from './outgoing.ts';
import { signatureHeader } from './sign-body.ts';

/** Of the answer's body, for the error that people read. */
const ANSWER_CHARS_MAX = 200;

/** Resolves when the receiver answered 2xx; throws otherwise. Redirects count as a refusal: they are not followed. */
export async function sendWebhook(
  target: WebhookTarget,
  message: OutgoingMessage,
  world: { readonly guard: AddressGuard; readonly now: number },
): Promise<void> {
  const url = new URL(target.url);
  const address = await world.guard.resolve(url.hostname);
  const { id, channel, subject, text, data, createdAt } = message;
  const body = JSON.stringify({ id, channel, subject, text, data, at: toTimestamp(createdAt) });
  const { status, answer } = await post(
    target,
    { url, address, body },
    {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'pilothouse',
      'pilothouse-delivery': id,
      ...(target.secret === null
        ? {}
        : {
            'pilothouse-signature': signatureHeader(target.secret, Math.floor(world.now / SECOND_MS), body),
          }),
    },
  );
  if (status < 200 || status > 299) throw new Error(`answered ${status} ${answer}`.trim());
}

function post(
  { timeoutMs, caPem }: WebhookTarget,
  { url, address, body }: { readonly url: URL; readonly address: string; readonly body: string },
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; answer: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; answer: string }>();
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: 'POST',
    headers,
    // A connection of its own: one that is kept would outlive the judgement of its address.
    agent: false,
    // The address that was judged, and no other.
    lookup: (_host, { all }, done) => {
      const family = isIPv6(address) ? 6 : 4;
      if (all === true) done(null, [{ address, family }]);
      else done(null, address, family);
    },
    signal: AbortSignal.timeout(timeoutMs),
    ...(caPem === null ? {} : { ca: [...rootCertificates, caPem] }),
  });
  request.on('response', (response) => {
    let answer = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      answer = (answer + chunk).slice(0, ANSWER_CHARS_MAX);
      // The rest says nothing that anybody reads.
      if (answer.length === ANSWER_CHARS_MAX) response.destroy();
    });
    response.on('close', () => resolve({ status: response.statusCode ?? 0, answer: firstLine(answer) }));
  });
  request.on('error', reject);
  request.end(body);
  return promise;
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? '';
