import { Agent, request } from 'node:https';
import { type ConnectionOptions, connect, createSecureContext, type SecureContext } from 'node:tls';
import { GATEWAY_PATHS } from '@pilothouse/wire';
import { WebSocket } from 'ws';
import type { SimulatedIdentity } from './simulated-identity.ts';

/** As the real agent waits. */
const DIAL_TIMEOUT_MS = 15_000;
const UPGRADE_TIMEOUT_MS = 15_000;

/**
 * How a simulated agent reaches its gateway: TLS 1.3 under its own certificate. It keeps the ticket of its last connection,
 * as the real agent does, so that a storm of reconnects is the one that a real fleet would make.
 */
export class SimulatedLink {
  readonly #identity: SimulatedIdentity;
  readonly #localAddress: string | undefined;
  /** Made once: parsing ten thousand keys again at each reconnect is work that ten thousand machines would share. */
  readonly #context: SecureContext;
  #ticket: Buffer | null = null;
  /** Whether the last connection of a session resumed an earlier one. */
  isResumed = false;

  constructor(identity: SimulatedIdentity, localAddress?: string) {
    this.#identity = identity;
    this.#localAddress = localAddress;
    this.#context = createSecureContext({
      ca: [...identity.authoritiesPem],
      cert: identity.certificatePem,
      key: identity.keyPem,
      minVersion: 'TLSv1.3',
    });
  }

  openSocket(): WebSocket {
    const url = new URL(GATEWAY_PATHS.session, this.#identity.gatewayUrl.replace(/^http/, 'ws'));
    return new WebSocket(url, {
      perMessageDeflate: false,
      handshakeTimeout: DIAL_TIMEOUT_MS + UPGRADE_TIMEOUT_MS,
      createConnection: () => {
        const socket = connect(this.#options(url));
        socket.setTimeout(DIAL_TIMEOUT_MS, () => socket.destroy(new Error('no handshake in time')));
        socket.once('secureConnect', () => {
          this.isResumed = socket.isSessionReused();
          socket.setTimeout(0);
        });
        socket.on('session', (ticket: Buffer) => {
          this.#ticket = ticket;
        });
        return socket;
      },
    });
  }

  /**
   * Sends bodies one after another over one connection; rejects when that breaks. What the server does not take it asks for
   * again.
   */
  async upload(bodies: ReadonlyMap<string, string>): Promise<void> {
    const url = new URL(this.#identity.gatewayUrl);
    const agent = new Agent({ ...this.#options(url), keepAlive: true, maxSockets: 1 });
    try {
      for (const [digest, body] of bodies) await put(agent, { url, digest, body });
    } finally {
      agent.destroy();
    }
  }

  #options(url: URL): ConnectionOptions & { localAddress?: string } {
    return {
      host: url.hostname,
      port: Number(url.port),
      secureContext: this.#context,
      ...(this.#ticket === null ? {} : { session: this.#ticket }),
      ...(this.#localAddress === undefined ? {} : { localAddress: this.#localAddress }),
      // Simulated hosts reach the gateway by address; the CA is what they check.
      checkServerIdentity: () => undefined,
    };
  }
}

function put(
  agent: Agent,
  { url, digest, body }: { readonly url: URL; readonly digest: string; readonly body: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: url.hostname,
        port: url.port,
        method: 'PUT',
        path: `${GATEWAY_PATHS.facts}/${digest}`,
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume();
        response.once('end', resolve);
        response.once('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
