import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { errorCode } from '@pilothouse/base';
import type { Probe } from '@pilothouse/contract';
import type { ProbeTry } from './run-probes.ts';

type HttpProbe = Extract<Probe, { kind: 'http' }>;

/** What the contract says a body is searched in. */
const BODY_BYTES_MAX = 64 * 1024;

/** One GET; a redirect is an answer like any other, and is not followed. */
export function tryHttp(probe: HttpProbe, signal: AbortSignal): Promise<ProbeTry> {
  return new Promise((resolve) => {
    const failing = (cause: unknown): void => {
      const evidence = signal.aborted
        ? `no answer within ${probe.timeoutMs} ms`
        : (errorCode(cause) ?? String(cause));
      resolve({ isPassing: false, evidence });
    };
    const options = { method: 'GET', agent: false, signal, headers: { 'user-agent': 'pilothouse-probe' } };
    const sent = send(probe, options, (response) => {
      judge(probe, response).then(resolve, failing);
    });
    sent.on('error', failing);
    sent.end();
  });
}

const send = (probe: HttpProbe, options: RequestOptions, answered: (response: IncomingMessage) => void) =>
  probe.url.startsWith('https:')
    ? httpsRequest(probe.url, { ...options, rejectUnauthorized: !probe.isInsecure }, answered)
    : httpRequest(probe.url, options, answered);

async function judge(probe: HttpProbe, response: IncomingMessage): Promise<ProbeTry> {
  const status = response.statusCode ?? 0;
  const body = await readStart(response);
  const isStatusRight = status >= probe.statusMin && status <= probe.statusMax;
  const isBodyRight = probe.bodyHas === null || body.includes(probe.bodyHas);
  const why = isStatusRight && !isBodyRight ? ', without the text' : '';
  return {
    isPassing: isStatusRight && isBodyRight,
    evidence: `status ${status}${why}: ${body.slice(0, 300)}`,
  };
}

async function readStart(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece.subarray(0, BODY_BYTES_MAX - sizeBytes));
    sizeBytes += piece.length;
    if (sizeBytes >= BODY_BYTES_MAX) break;
  }
  response.destroy();
  return Buffer.concat(pieces).toString('utf8');
}
