import type { EnrolmentDeps } from './enrolment-deps.ts';
import { settleRotations } from './rotations.ts';
import { SERVER_CERTIFICATE_CHECK_MS, serverCertificate } from './server-certificate.ts';
import type { ServerCertificate } from './service.ts';

/** What this room keeps true by itself: the server's own certificate is fresh, and finished rotations end. */
export interface Upkeep {
  certificate(): ServerCertificate;
  onCertificate(listener: (certificate: ServerCertificate) => void): () => void;
  /** A host adopted a bundle or got a certificate: an open rotation may be complete. */
  hostMoved(): void;
  /** Resolves when nothing is under way. */
  close(): Promise<void>;
}

export async function startUpkeep(deps: EnrolmentDeps): Promise<Upkeep> {
  const { context, trust } = deps;
  const listeners = new Set<(certificate: ServerCertificate) => void>();
  let certificate = await serverCertificate(deps);
  let tail = Promise.resolve();
  let isSettling = false;

  const refresh = async (): Promise<void> => {
    const fresh = await serverCertificate(deps);
    if (fresh.chainPem === certificate.chainPem) return;
    certificate = fresh;
    for (const listener of listeners) listener(fresh);
  };
  const settle = async (): Promise<void> => {
    isSettling = false;
    await settleRotations(deps);
    await refresh();
  };
  /** One after the other, since two must not write one key pair at once. The round after a failed one tries again. */
  const next = (text: string, work: () => Promise<void>): void => {
    tail = tail.then(work).catch((cause: unknown) => context.log.error(text, { cause }));
  };

  const stops = [
    context.clock.every(SERVER_CERTIFICATE_CHECK_MS, () => next('keep trust up', settle)),
    trust.onChange(() => next('renew the server certificate', refresh)),
  ];

  return {
    certificate: () => certificate,
    onCertificate(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hostMoved() {
      const isOpen = trust.next('ca') !== null || trust.next('envelope') !== null;
      // One look at all hosts serves everyone who moved before it begins.
      if (!isOpen || isSettling) return;
      isSettling = true;
      next('end rotations that are complete', settle);
    },
    async close() {
      for (const stop of stops) stop();
      await tail;
    },
  };
}
