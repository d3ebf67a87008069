/**
 * How the agent reaches a gateway: TLS 1.3 to one address, directly or through an HTTP proxy's CONNECT. Every connection
 * of the agent is made here, so that trust is decided in one place. Tickets of earlier connections are kept in memory and
 * spare a reconnecting fleet half of its handshakes; they are dropped with the identity or the trust they were made under.
 */
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';

export const DIAL_TIMEOUT_MS = 15_000;

export interface DialTrust {
  /** PEM. Null trusts nobody and checks nothing: for reading what is signed or pinned by itself, never for sending secrets. */
  readonly authorities: readonly string[] | null;
  readonly certificate?: { readonly keyPem: string; readonly chain: readonly string[] };
}

export interface Dialler {
  /** Rejects with an error whose `code` is the system's or OpenSSL's word. */
  dial(url: URL, trust: DialTrust): Promise<TLSSocket>;
  /** Identity or trust has changed: what was agreed before counts no more. */
  forget(): void;
}

export function createDialler(options: { readonly proxy: URL | null }): Dialler {
  const tickets = new Map<string, Buffer>();
  const contextOf = rememberedContext();
  return {
    async dial(url, trust) {
      const tunnel = options.proxy === null ? null : await openTunnel(options.proxy, url);
      const ticket = trust.certificate === undefined ? undefined : tickets.get(url.host);
      const socket = await handshake(url, trust, { tunnel, ticket, context: contextOf(trust) });
      if (trust.certificate !== undefined)
        socket.on('session', (session: Buffer) => tickets.set(url.host, session));
      return socket;
    },
    forget: () => tickets.clear(),
  };
}

/**
 * The last one made: certificates and key are read once, and not for every session. They are read into memory outside of the
 * heap, so what the collector had not met yet was a megabyte and more after some tens of sessions.
 */
function rememberedContext(): (trust: DialTrust) => SecureContext {
  let last: { readonly key: string; readonly context: SecureContext } | null = null;
  return (trust) => {
    const key = JSON.stringify([trust.authorities, trust.certificate]);
    if (last?.key !== key) last = { key, context: contextFor(trust) };
    return last.context;
  };
}

const contextFor = ({ authorities, certificate }: DialTrust): SecureContext =>
  createSecureContext({
    minVersion: 'TLSv1.3',
    ...(authorities === null ? {} : { ca: [...authorities] }),
    ...(certificate === undefined ? {} : { key: certificate.keyPem, cert: certificate.chain.join('\n') }),
  });

const portOf = (url: URL): number => Number(url.port || (url.protocol === 'http:' ? 80 : 443));

function handshake(
  url: URL,
  trust: DialTrust,
  over: {
    readonly tunnel: Socket | null;
    readonly ticket: Buffer | undefined;
    readonly context: SecureContext;
  },
): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const options: ConnectionOptions = {
    host,
    port: portOf(url),
    secureContext: over.context,
    ALPNProtocols: ['http/1.1'],
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ...(trust.authorities === null ? { rejectUnauthorized: false } : {}),
    ...(over.tunnel === null ? {} : { socket: over.tunnel }),
    ...(over.ticket === undefined ? {} : { session: over.ticket }),
  };
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(DIAL_TIMEOUT_MS, () => fail(codedError('ETIMEDOUT', `connect to ${url.host}`)));
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      socket.off('error', fail);
      // Whoever uses it hears of what breaks it, too; while nobody does, it is no reason for the process to end.
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

function openTunnel(proxy: URL, url: URL): Promise<Socket> {
  const target = `${url.hostname}:${portOf(url)}`;
  const credentials = proxy.username === '' ? null : `${proxy.username}:${proxy.password}`;
  return new Promise((resolve, reject) => {
    const asked = httpRequest({
      host: proxy.hostname,
      port: portOf(proxy),
      method: 'CONNECT',
      path: target,
      timeout: DIAL_TIMEOUT_MS,
      headers: {
        host: target,
        ...(credentials === null
          ? {}
          : {
              'proxy-authorization': `Basic ${Buffer.from(decodeURIComponent(credentials)).toString('base64')}`,
            }),
      },
    });
    asked.once('connect', (response, socket) => {
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(codedError('EPROXY', `proxy ${proxy.host} answered ${response.statusCode}`));
    });
    asked.once('timeout', () => asked.destroy(codedError('ETIMEDOUT', `connect to proxy ${proxy.host}`)));
    asked.once('error', reject);
    asked.end();
  });
}

const codedError = (code: string, message: string): Error => Object.assign(new Error(message), { code });
