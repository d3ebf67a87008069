import type { AgentLog } from '../log.ts';
import type { Dialler, DialTrust } from './dial.ts';
import { uploadBody } from './upload-body.ts';

export interface Uploads {
  /** The server has never seen these; they are sent one after another. */
  want(kind: 'facts' | 'outputs', digests: readonly string[]): void;
}

export interface UploadsOptions {
  readonly dialler: Dialler;
  readonly log: AgentLog;
  /** Null while there is no session. */
  readonly target: () => { readonly url: URL; readonly trust: DialTrust } | null;
  readonly facts: (digest: string) => Promise<string | null>;
  readonly outputs: (digest: string) => Promise<string | null>;
  readonly uploaded: (kind: 'facts' | 'outputs', digest: string) => void;
}

/** All facts and a full frame of wanted outputs fit; what is beyond is asked for again by the server. */
const QUEUE_MAX = 512;

/** Sends wanted bodies. What fails is dropped: the server asks again with the next report or outcome. */
export function createUploads(options: UploadsOptions): Uploads {
  const queue = new Map<string, { kind: 'facts' | 'outputs'; digest: string }>();
  let isBusy = false;

  async function work(): Promise<void> {
    for (const [key, { kind, digest }] of queue) {
      queue.delete(key);
      const text = await options[kind](digest);
      const target = options.target();
      if (target === null) continue;
      if (text === null) {
        options.log.warn('a wanted body is not here any more', { kind, digest });
        continue;
      }
      const status = await uploadBody(options.dialler, target, { kind, digest, body: Buffer.from(text) });
      if (status >= 200 && status < 300) options.uploaded(kind, digest);
      else options.log.warn('a body was not taken', { kind, digest, status });
    }
  }

  function start(): void {
    if (isBusy) return;
    isBusy = true;
    work()
      .catch((cause: unknown) => options.log.warn('a body could not be sent', { cause: String(cause) }))
      .finally(() => {
        isBusy = false;
        if (queue.size > 0) start();
      });
  }

  return {
    want(kind, digests) {
      for (const digest of digests)
        if (queue.size < QUEUE_MAX) queue.set(`${kind}/${digest}`, { kind, digest });
      start();
    },
  };
}
