import type { ServerConnection, ServerTrust } from './server-fetch.ts';

/** A connection whose machinery (TLS, HTTP) is loaded with its first request: help and completion need none of it. */
export function connectWhenUsed(trust: ServerTrust, signal: AbortSignal): ServerConnection {
  let opened: Promise<ServerConnection> | null = null;
  const open = async (): Promise<ServerConnection> =>
    (await import('./server-fetch.ts')).connectServer(trust, signal);
  return {
    async fetch(url, init) {
      opened ??= open();
      return (await opened).fetch(url, init);
    },
    close() {
      void opened?.then((connection) => connection.close());
    },
  };
}
