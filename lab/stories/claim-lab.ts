import { createServer } from 'node:net';
import { until } from '@pilothouse/testkit';

/** There is one lab a machine; whoever holds this socket has it. It vanishes with its process, however that ends. */
const CLAIM = '\0pilothouse-lab-stories';
const CLAIM_WAIT_MS = 20 * 60_000;

/** Waits until no other stories use the lab. Returns the release. */
export function claimLab(): Promise<() => void> {
  return until('the lab to be free of other stories', CLAIM_WAIT_MS, () => {
    const server = createServer();
    return new Promise((resolve) => {
      server.once('error', () => resolve(null));
      server.listen(CLAIM, () => {
        server.unref();
        resolve(() => server.close());
      });
    });
  });
}
