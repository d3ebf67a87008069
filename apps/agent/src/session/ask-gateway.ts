import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Duplex } from 'node:stream';
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
  /** The server's clock as HTTP says it, in whole seconds; null when it does not. */
  readonly date: string | null;
}

/** A trust chain of 64 bundles is the largest answer. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
const ANSWER_TIMEOUT_MS = 60_000;

/** Requests to one gateway, one after another over one connection. */
export interface GatewayConnection {
  /** Rejects when there is no whole answer. */
  ask(call: GatewayCall): Promise<GatewayAnswer>;
  close(): void;
}

export async function connectGateway(
  dialler: Dialler,
  target: { readonly url: URL; readonly trust: DialTrust },
): Promise<GatewayConnection> {
  const first = await dialler.dial(target.url, target.trust);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let unused: Duplex | null = first;
  /** The server closed the connection between two requests. */
  async function dialAgain(done: (error: Error | null, socket: Duplex) => void): Promise<void> {
    try {
      done(null, await dialler.dial(target.url, target.trust));
    } catch (cause) {
      // The agent takes an error alone; its type asks for a stream beside it.
      done(cause instanceof Error ? cause : new Error(String(cause)), undefined as never);
    }
  }
  agent.createConnection = (_options, done) => {
    const socket = unused;
    unused = null;
    if (socket !== null) return socket;
    if (done !== undefined) void dialAgain(done);
    return undefined;
  };
  return {
    ask: (call) => ask(agent, target.url, call),
    close() {
      agent.destroy();
      first.destroy();
    },
  };
}

/** One request on a connection of its own. */
export async function askGateway(
  dialler: Dialler,
  target: { readonly url: URL; readonly trust: DialTrust },
  call: GatewayCall,
): Promise<GatewayAnswer> {
  const connection = await connectGateway(dialler, target);
  try {
    return await connection.ask(call);
  } finally {
    connection.close();
  }
}

const ask = (agent: Agent, url: URL, call: GatewayCall): Promise<GatewayAnswer> =>
  new Promise((resolve, reject) => {
    const sent = request({
      agent,
      host: url.hostname,
      port: url.port,
      path: call.path,
      method: call.method,
      headers: { ...call.headers },
      timeout: ANSWER_TIMEOUT_MS,
    });
    const giveUp = (): void => {
      sent.destroy(new Error(`${call.method} ${call.path}: no answer in time`));
    };
    sent.once('timeout', giveUp);
    // From then on in all: an answer that comes a byte at a time is never idle.
    sent.once('finish', () => {
      const late = setTimeout(giveUp, ANSWER_TIMEOUT_MS);
      sent.once('close', () => clearTimeout(late));
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      readAnswer(response).then(resolve, reject);
    });
    sent.end(call.body);
  });

async function readAnswer(response: IncomingMessage): Promise<GatewayAnswer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > ANSWER_BYTES_MAX) throw new Error(`answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  const { statusCode = 0, headers } = response;
  return { status: statusCode, text: Buffer.concat(pieces).toString('utf8'), date: headers.date ?? null };
}
