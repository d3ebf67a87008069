import { type Client, createClient, type Patience } from '@pilothouse/client';
import { AppError, type Language } from '@pilothouse/contract';
import type { CliConfig } from './config-file.ts';
import type { PresentedAuthority } from './pin-authority.ts';
import type { ServerConnection, ServerTrust } from './server-fetch.ts';

/** How a run reaches servers and what it remembers of them; a test brings its own. */
export interface Sites {
  readonly directory: string;
  readConfig(): Promise<CliConfig>;
  writeConfig(config: CliConfig): Promise<void>;
  connect(trust: ServerTrust, signal: AbortSignal): ServerConnection;
  /** PEM of the authority with this pin, from the chain that the server presents. */
  authorityByPin(url: string, pin: string): Promise<string>;
  /** The certificates that the server presents, unverified, its own first. */
  presentedChain(url: string): Promise<readonly PresentedAuthority[]>;
  isTrustedBySystem(url: string): Promise<boolean>;
}

export interface Site {
  readonly url: string;
  readonly token: string | null;
  readonly authority: string | null;
}

export interface Connector {
  /** The server meant by options, environment or the last login. */
  site(): Promise<Site>;
  client(): Promise<Client>;
  /** A client of a site that is not written down yet: for signing in. */
  clientOf(site: Site): Client;
  /** What `client` has given out, or null: a command that asked no server. */
  used(): { readonly site: Site; readonly client: Client } | null;
  close(): void;
}

export interface ConnectorOptions {
  readonly sites: Sites;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly language: Language;
  readonly signal: AbortSignal;
  readonly server: string | undefined;
  readonly token: string | undefined;
  readonly patience: Patience;
}

/** Finds the server and opens its connection when it is first needed, so that `--help` costs nothing. */
export function createConnector(options: ConnectorOptions): Connector {
  const open: ServerConnection[] = [];
  let used: { readonly site: Site; readonly client: Client } | null = null;
  const clientOf = (site: Site): Client => {
    const connection = options.sites.connect({ authority: site.authority }, options.signal);
    open.push(connection);
    return createClient({
      baseUrl: site.url,
      fetch: connection.fetch,
      token: site.token,
      language: options.language,
      newIdempotencyKey: () => crypto.randomUUID(),
      patience: options.patience,
    });
  };
  return {
    site: () => findSite(options),
    clientOf,
    async client() {
      const site = await findSite(options);
      used ??= { site, client: clientOf(site) };
      return used.client;
    },
    used: () => used,
    close() {
      for (const connection of open) connection.close();
    },
  };
}

async function findSite(options: ConnectorOptions): Promise<Site> {
  const { environment, sites } = options;
  const config = await sites.readConfig();
  const named = options.server ?? nonEmpty(environment['PILOTHOUSE_SERVER']) ?? config.current;
  if (named === null) throw new AppError('CLI_NOT_SIGNED_IN');
  const url = normalUrl(named);
  const known = config.servers[url];
  const token = options.token ?? nonEmpty(environment['PILOTHOUSE_TOKEN']) ?? known?.token ?? null;
  const pin = nonEmpty(environment['PILOTHOUSE_PIN']);
  const authority = known?.authority ?? (pin === null ? null : await sites.authorityByPin(url, pin));
  return { url, token, authority };
}

const nonEmpty = (value: string | undefined): string | null =>
  value === undefined || value === '' ? null : value;

/** `https://HOST:PORT` without path and slash; a bare `HOST:PORT` means https. */
export function normalUrl(text: string): string {
  const withScheme = /^[a-z]+:\/\//.test(text) ? text : `https://${text}`;
  const url = URL.parse(withScheme);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) {
    throw new AppError('CLI_VALUE_INVALID', { value: text, expected: 'https://HOST:PORT' });
  }
  return url.origin;
}
