import type { PeerAddress, PeerCredentials } from '../machines/service.ts';
import { TERM_HEADER, TERM_PATH } from './leader-link.ts';
import { wayTo } from './leader-way.ts';
import { FRONT_LIMITS } from './limits.ts';

/** Tells a leader of before that its term is over. It may be dead, and nothing depends on its hearing it. */
export function sayTerm(
  address: PeerAddress,
  { credentials, term }: { readonly credentials: PeerCredentials; readonly term: number },
): void {
  const asked = wayTo({ kind: 'peer', address, credentials, term }).ask({
    method: 'POST',
    path: TERM_PATH,
    agent: false,
    headers: { [TERM_HEADER]: String(term) },
    timeout: FRONT_LIMITS.farConnectMs,
  });
  asked.once('timeout', () => asked.destroy());
  asked.once('response', (response) => response.resume());
  // Dead, as most that were followed by another.
  asked.once('error', () => undefined);
  asked.end();
}
