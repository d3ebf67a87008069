import { HOUR_MS } from '@pilothouse/base';
import type { KeyFiles, Trust } from '../enrolment/index.ts';
import { issuePeerCertificate, PEER_CERTIFICATE_LIFE_MS } from '../enrolment/index.ts';
import type { KernelContext } from '../kernel-context.ts';
import { PEER_KEY } from './peer-credentials.ts';
import { PEER_NAME, PeerCredentials } from './service.ts';

const CHECK_MS = 6 * HOUR_MS;
/** A third of its life is left. */
const RENEW_BEFORE_MS = PEER_CERTIFICATE_LIFE_MS / 3;

/** At the leader: what the machines prove themselves with, kept fresh and under the authorities of the moment. */
export interface PeerBook {
  current(): PeerCredentials;
  onChange(listener: (credentials: PeerCredentials) => void): void;
  close(): Promise<void>;
}

interface Parts {
  readonly keyFiles: KeyFiles;
  readonly trust: Trust;
}

export async function createPeerBook(context: KernelContext, parts: Parts): Promise<PeerBook> {
  const { clock, log } = context;
  const listeners: ((credentials: PeerCredentials) => void)[] = [];
  let credentials = (await stored(context, parts)) ?? (await issue(context, parts));
  let tail = Promise.resolve();
  const refresh = async (): Promise<void> => {
    const fresh = (await stored(context, parts)) ?? (await issue(context, parts));
    if (fresh.certificatePem === credentials.certificatePem) return;
    credentials = fresh;
    for (const listener of listeners) listener(fresh);
  };
  const next = (): void => {
    tail = tail
      .then(refresh)
      .catch((cause: unknown) => log.error('renew the certificate of machines', { cause }));
  };
  const stops = [clock.every(CHECK_MS, next), parts.trust.onChange(next)];
  return {
    current: () => credentials,
    onChange: (listener) => void listeners.push(listener),
    async close() {
      for (const stop of stops) stop();
      await tail;
    },
  };
}

/** Null when it does not serve any more: too old, or authorities have come or gone. */
async function stored({ clock }: KernelContext, { keyFiles, trust }: Parts): Promise<PeerCredentials | null> {
  const text = await keyFiles.find(PEER_KEY);
  if (text === null) return null;
  const found = PeerCredentials.parse(JSON.parse(text));
  const trusted = authorityPems(trust);
  const serves =
    found.notAfter - clock.now() > RENEW_BEFORE_MS &&
    found.authorityPems.length === trusted.length &&
    trusted.every((pem, i) => found.authorityPems[i] === pem);
  return serves ? found : null;
}

async function issue({ clock, log }: KernelContext, { keyFiles, trust }: Parts): Promise<PeerCredentials> {
  const issued = await issuePeerCertificate(trust.authority, PEER_NAME, clock.now());
  const credentials: PeerCredentials = { ...issued, authorityPems: authorityPems(trust) };
  await keyFiles.write(PEER_KEY, JSON.stringify(credentials));
  log.info('issued the certificate of machines', {});
  return credentials;
}

const authorityPems = (trust: Trust): string[] =>
  trust.keys.filter(({ kind, state }) => kind === 'ca' && state !== 'retired').map((row) => row.public_text);
