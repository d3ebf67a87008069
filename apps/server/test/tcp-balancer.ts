/** For tests: a TCP load balancer as people have one before several machines. It looks at no byte. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

const PROBE_MS = 250;
/** Who does not answer in this time is out, and so are the connections to it, as with haproxy's `on-marked-down`. */
const PROBE_TIMEOUT_MS = 1_000;

export interface TcpBalancer {
  close(): Promise<void>;
}

/** From 127.0.0.1 to the same port of each address in turn. */
export async function tcpBalancer(port: number, addresses: readonly string[]): Promise<TcpBalancer> {
  const ways = new Map(addresses.map((address) => [address, new Set<Socket>()]));
  const down = new Set<string>();
  let turn = 0;
  const next = (tried: ReadonlySet<string>): string | undefined => {
    const left = addresses.filter((address) => !tried.has(address));
    const up = left.filter((address) => !down.has(address));
    turn += 1;
    // With all of them out, one may have come up since the last look.
    const fit = up.length > 0 ? up : left;
    return fit[turn % fit.length];
  };
  const join = (client: Socket, tried: ReadonlySet<string> = new Set()): void => {
    const address = next(tried);
    if (address === undefined) return void client.destroy();
    const server = connect({ host: address, port, timeout: PROBE_TIMEOUT_MS });
    server.once('timeout', () => server.destroy(new Error('no answer')));
    const again = (): void => join(client, new Set([...tried, address]));
    server.once('error', again);
    server.once('connect', () => {
      server.off('error', again);
      server.setTimeout(0);
      ways.get(address)?.add(server);
      server.once('close', () => ways.get(address)?.delete(server));
      pass(client, server);
    });
  };
  const balancer = createServer({ pauseOnConnect: true }, (client) => {
    client.on('error', () => client.destroy());
    join(client);
  });
  await once(balancer.listen(port, '127.0.0.1'), 'listening');
  const probing = setInterval(() => {
    for (const address of addresses) {
      const probe = connect({ host: address, port, timeout: PROBE_TIMEOUT_MS });
      const found = (isUp: boolean): void => {
        probe.destroy();
        if (isUp) return void down.delete(address);
        down.add(address);
        for (const way of ways.get(address) ?? []) way.destroy();
      };
      probe.once('connect', () => found(true));
      probe.once('timeout', () => found(false));
      probe.once('error', () => found(false));
    }
  }, PROBE_MS);
  return {
    async close() {
      clearInterval(probing);
      for (const each of ways.values()) for (const way of each) way.destroy();
      await once(balancer.close(), 'close');
    },
  };
}

function pass(client: Socket, server: Socket): void {
  client.pipe(server).pipe(client);
  client.resume();
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.once('close', () => other.destroy());
  }
}
