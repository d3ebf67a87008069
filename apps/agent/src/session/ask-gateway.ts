import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Dialler, DialTrust } from './dial.ts';

export interface GatewayCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly text: string;
}

/** A trust chain of 64 bundles is the largest answer. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
const ANSWER_TIMEOUT_MS = 60_000;

/** One HTTPS request on a connection of its own. Rejects when there is no whole answer. */
export async function askGateway(
  dialler: Dialler,
  target: { readonly url: URL; readonly trust: DialTrust },
  call: GatewayCall,
): Promise<GatewayAnswer> {
  const socket = await dialler.dial(target.url, target.trust);
  try {
    return await new Promise((resolve, reject) => {
      const sent = request({
        createConnection: () => socket,
        host: target.url.hostname,
        port: target.url.port,
        path: call.path,
        method: call.method,
        headers: { ...call.headers, connection: 'close' },
        timeout: ANSWER_TIMEOUT_MS,
      });
      sent.once('timeout', () => sent.destroy(new Error(`${call.method} ${call.path}: no answer in time`)));
      sent.once('error', reject);
      sent.once('response', (response) => {
        readAnswer(response).then(resolve, reject);
      });
      sent.end(call.body);
    });
  } finally {
    socket.destroy();
  }
}

async function readAnswer(response: IncomingMessage): Promise<GatewayAnswer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > ANSWER_BYTES_MAX) throw new Error(`answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') };
}
