import type { Clock } from '@pilothouse/base';
import type { AgentLog } from '../log.ts';
import { connectGateway, type GatewayConnection } from './ask-gateway.ts';
import type { Dialler, DialTrust } from './dial.ts';
import { uploadBody } from './upload-body.ts';

export interface Uploads {
  /** The server has never seen these; they are sent one after another over one connection. */
  want(kind: 'facts' | 'outputs', digests: readonly string[]): void;
}

export interface UploadsOptions {
  readonly dialler: Dialler;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** Null while there is no session. */
  readonly target: () => { readonly url: URL; readonly trust: DialTrust } | null;
  readonly facts: (digest: string) => Promise<string | null>;
  readonly outputs: (digest: string) => Promise<string | null>;
  readonly uploaded: (kind: 'facts' | 'outputs', digest: string) => void;
}

interface Wanted {
  readonly kind: 'facts' | 'outputs';
  readonly digest: string;
}

/** All facts and a full frame of wanted outputs fit; what is beyond is asked for again by the server. */
const QUEUE_MAX = 512;
/** Later it takes the same body. */
const BUSY_STATUSES: ReadonlySet<number> = new Set([429, 503]);
/** After a connection broke or the server was busy; without a session the queue is forgotten, and the next one asks anew. */
const RETRY_MS = 15_000;

/** Sends wanted bodies, and tries again while the session that wants them lasts. */
export function createUploads(options: UploadsOptions): Uploads {
  const queue = new Map<string, Wanted>();
  let isBusy = false;

  async function work(): Promise<void> {
    const target = options.target();
    if (target === null) return queue.clear();
    const connection = await connectGateway(options.dialler, target);
    try {
      for (const [key, wanted] of queue) {
        await sendOne(connection, wanted);
        queue.delete(key);
      }
    } finally {
      connection.close();
    }
  }

  async function sendOne(connection: GatewayConnection, wanted: Wanted): Promise<void> {
    const { kind, digest } = wanted;
    const text = await options[kind](digest);
    if (text === null) return options.log.warn('a wanted body is not here any more', { kind, digest });
    const status = await uploadBody(connection, { kind, digest, body: Buffer.from(text) });
    if (status >= 200 && status < 300) options.uploaded(kind, digest);
    else if (BUSY_STATUSES.has(status)) throw new Error(`the server has no room for it now: ${status}`);
    else options.log.warn('a body was not taken', { kind, digest, status });
  }

  function start(): void {
    if (isBusy) return;
    isBusy = true;
    work().then(
      () => {
        isBusy = false;
        // What was wanted while the last one was on its way.
        if (queue.size > 0) start();
      },
      (cause: unknown) => {
        options.log.warn('bodies could not be sent', { cause: String(cause), waiting: queue.size });
        options.clock.after(RETRY_MS, again);
      },
    );
  }

  function again(): void {
    isBusy = false;
    start();
  }

  return {
    want(kind, digests) {
      for (const digest of digests)
        if (queue.size < QUEUE_MAX) queue.set(`${kind}/${digest}`, { kind, digest });
      start();
    },
  };
}
