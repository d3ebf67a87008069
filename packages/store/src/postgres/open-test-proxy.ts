import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface TestProxy {
  /** Of the same database, through the proxy. */
  readonly url: string;
  /** Connections that are open stay so and say nothing any more, as when their machine has vanished. New ones are served. */
  swallow(): void;
}

/** For tests: stands before a database, as an address does that moves from one machine to another. */
export async function openTestProxy(t: TestContext, url: string): Promise<TestProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-proxy-'));
  const target = join(new URL(url).searchParams.get('host') ?? '', '.s.PGSQL.5432');
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    client.pipe(upstream);
    upstream.pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one
        .on('error', () => other.destroy())
        .on('close', () => {
          open.delete(one);
          other.destroy();
        });
    }
  });
  await once(server.listen(join(directory, '.s.PGSQL.5432')), 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });
  const own = new URL(url);
  own.searchParams.set('host', directory);
  return {
    url: own.href,
    swallow() {
      for (const socket of open) socket.unpipe().pause();
    },
  };
}
