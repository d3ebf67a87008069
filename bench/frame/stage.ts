import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@pilothouse/client';
import { sessionRoutes } from '@pilothouse/contract';
import { type ServerProcess, startServerProcess, testFetch } from '@pilothouse/testkit';
import { freePort } from './free-port.ts';
import { openProbe, type Probe } from './probe.ts';
import type { Stall } from './probe-protocol.ts';
import { childrenOf, cpuSeconds } from './process-usage.ts';
import type { ProcessorProfile } from './stall-causes.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const ADDRESS = '127.0.0.1';
/** The runtime as the server's unit file starts it. */
const AS_ITS_UNIT_SAYS = '--max-semi-space-size=16';

/** Where a server listens; the next one over its data takes the same, since its hosts know no other. */
interface Ports {
  readonly api: number;
  readonly gateway: number;
}

/** What an installation that was set up before has. */
export interface EarlierStage {
  readonly apiToken: string;
  readonly ports?: Ports;
  /** More than one where a process may not have so many connections. */
  readonly processes?: number;
}

/** A server that is being measured. */
export interface Stage {
  readonly dataDirectory: string;
  readonly server: ServerProcess;
  readonly probe: Probe;
  /** The server's processes: one, or the one that keeps the others and those. */
  pids(): readonly number[];
  probeOf(pid: number): Promise<Probe>;
  /** Of all its processes, since this was last asked. */
  stalls(): Promise<readonly Stall[]>;
  /** Seconds of processor time of all its processes. */
  cpuSeconds(): number;
  readonly client: Client;
  readonly ports: Ports;
  readonly gatewayUrl: string;
  /** Of the API, for the next server over the same data. */
  readonly apiToken: string;
  /** Starts a processor profile; the returned function ends and writes it. Does nothing without a directory. */
  profile(directory: string | null, name: string): Promise<() => Promise<ProcessorProfile | null>>;
  close(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Without an earlier one the first administrator is made. */
export async function openStage(dataDirectory: string, earlier?: EarlierStage): Promise<Stage> {
  const ports = earlier?.ports ?? { api: await freePort(ADDRESS), gateway: await freePort(ADDRESS) };
  const socketPath = join(dirname(dataDirectory), `probe-${process.pid}-${Date.now()}.sock`);
  const server = await startServerProcess({
    entry: join(ROOT, 'apps/server/src/main.ts'),
    dataDirectory,
    listen: `${ADDRESS}:${ports.api}`,
    gatewayListen: `${ADDRESS}:${ports.gateway}`,
    advertise: ADDRESS,
    runtimeOptions: ['--expose-gc', '--import', join(ROOT, 'bench/frame/server-probe.ts'), AS_ITS_UNIT_SAYS],
    environment: {
      PILOTHOUSE_LOG_LEVEL: 'warn',
      PILOTHOUSE_PROCESSES: String(earlier?.processes ?? 1),
      // As an installed one, it finds its code compiled.
      NODE_COMPILE_CACHE: join(ROOT, '.cache/compiled'),
      BENCH_PROBE_SOCKET: socketPath,
    },
  });
  const { fetch, close } = testFetch();
  const options = { baseUrl: `https://${ADDRESS}:${ports.api}`, fetch, language: 'en' } as const;
  const token =
    earlier?.apiToken ?? (await setUp(createClient({ ...options, token: null }), server.setupCode ?? ''));
  const probeOf = (pid: number): Promise<Probe> => openProbe(`${socketPath}.${pid}`);
  const probe = await probeOf(server.pid);
  const pids = (): readonly number[] => [server.pid, ...childrenOf(server.pid)];
  return {
    dataDirectory,
    server,
    probe,
    pids,
    probeOf,
    async stalls() {
      const others = await Promise.all(childrenOf(server.pid).map(probeOf));
      const found = await Promise.all([probe, ...others].map((each) => each.ask('stalls')));
      for (const each of others) each.close();
      return found.flat();
    },
    cpuSeconds: () => pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    client: createClient({ ...options, token }),
    ports,
    gatewayUrl: `https://${ADDRESS}:${ports.gateway}`,
    apiToken: token,
    async profile(directory, name) {
      if (directory === null) return async () => null;
      await probe.ask('profile-start');
      // Starting it holds the loop up itself.
      await probe.ask('stalls');
      return async () => {
        const profile = await probe.ask('profile-stop');
        writeFileSync(join(directory, `${name}.cpuprofile`), JSON.stringify(profile));
        return profile;
      };
    },
    async close(signal = 'SIGTERM') {
      close();
      probe.close();
      const children = signal === 'SIGKILL' ? childrenOf(server.pid) : [];
      const ended = server.kill(signal);
      // Told by the end of their keeper they would leave in order.
      for (const pid of children) process.kill(pid, signal);
      await ended;
    },
  };
}

async function setUp(client: Client, code: string): Promise<string> {
  const body = { code, name: 'ada', password: 'correct horse battery', tokenName: 'bench' };
  const { token } = await client.call(sessionRoutes.setup, { body });
  if (token === null) throw new Error('the set-up gave no token');
  return token;
}
