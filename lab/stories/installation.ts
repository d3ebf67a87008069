/** A control plane of its own for stories, reachable from the lab's hosts. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@pilothouse/client';
import {
  enrolmentRoutes,
  type Host,
  hostsRoutes,
  type NewEnrolmentToken,
  type Rollout,
  rolloutRoutes,
  type Strategy,
  sessionRoutes,
} from '@pilothouse/contract';
import { type ServerProcess, startServerProcess, testFetch, until } from '@pilothouse/testkit';
import { labDown } from '../lab.ts';
import { raiseBridge } from '../network.ts';
import { BRIDGE_ADDRESS, PROJECT_ROOT } from '../places.ts';
import { claimLab } from './claim-lab.ts';

export interface Installation {
  readonly client: Client;
  readonly url: string;
  /** Of the bridge's address, where hosts reach it. */
  readonly gatewayPort: number;
  readonly apiToken: string;
  readonly dataDirectory: string;
  readonly server: () => ServerProcess;
  /** A client with another token, or none. */
  clientFor(token: string | null): Client;
  /** Ends the server as a power cut would, and starts it again on the same data. */
  crash(environment?: Readonly<Record<string, string>>): Promise<void>;
  start(): Promise<void>;
  token(wish?: Partial<NewEnrolmentToken>): Promise<string>;
  hosts(): Promise<Host[]>;
  /** Starts an ad-hoc run of a shell line. */
  run(selector: string, shell: string, strategy?: Partial<Strategy>): Promise<Rollout>;
  /** Waits for a rollout's end. */
  ended(rolloutId: string, timeoutMs?: number): Promise<Rollout>;
  close(): Promise<void>;
}

/** Takes the lab, empties it, and starts a server of its own beside it. */
export async function install(): Promise<Installation> {
  const release = await claimLab();
  await labDown();
  await raiseBridge();
  const dataDirectory = mkdtempSync(join(tmpdir(), 'pilothouse-story-'));
  const [apiPort, gatewayPort] = [await freePort('127.0.0.1'), await freePort(BRIDGE_ADDRESS)];
  const url = `https://127.0.0.1:${apiPort}`;
  const start = (environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> =>
    startServerProcess({
      environment,
      entry: join(PROJECT_ROOT, 'apps/server/src/main.ts'),
      dataDirectory,
      listen: `127.0.0.1:${apiPort}`,
      gatewayListen: `${BRIDGE_ADDRESS}:${gatewayPort}`,
      advertise: BRIDGE_ADDRESS,
    });
  let server = await start();
  const { fetch, close } = testFetch();
  const clientFor = (token: string | null): Client =>
    createClient({ baseUrl: url, fetch, token, language: 'en' });
  const made = await clientFor(null).call(sessionRoutes.setup, {
    body: {
      code: server.setupCode ?? '',
      name: 'ada',
      password: 'correct horse battery',
      tokenName: 'story',
    },
  });
  const apiToken = made.token ?? '';
  const client = clientFor(apiToken);
  return {
    client,
    url,
    gatewayPort,
    apiToken,
    dataDirectory,
    server: () => server,
    clientFor,
    async crash(environment) {
      await server.kill('SIGKILL');
      server = await start(environment);
    },
    async start() {
      server = await start();
    },
    async token(wish = {}) {
      const body = { name: 'story', usesMax: 100, ...wish };
      return (await client.call(enrolmentRoutes.createToken, { body })).token;
    },
    hosts: async () => (await client.call(hostsRoutes.list, { query: { limit: 1000 } })).items,
    async run(selector, shell, strategy = {}) {
      const actions = [{ action: 'commands.run', parameters: { shell } }];
      const { rollout } = await client.call(rolloutRoutes.run, {
        body: { title: shell.slice(0, 80), target: { selector }, actions, strategy },
      });
      return rollout;
    },
    ended: (rolloutId, timeoutMs = 60_000) =>
      until(`rollout ${rolloutId} to end`, timeoutMs, () => endOf(client, rolloutId)),
    async close() {
      close();
      await labDown();
      await server.kill('SIGTERM');
      rmSync(dataDirectory, { recursive: true, force: true });
      release();
    },
  };
}

async function endOf(client: Client, rolloutId: string): Promise<Rollout | null> {
  const rollout = await client.call(rolloutRoutes.get, { params: { rolloutId } });
  return rollout.endedAt === null ? null : rollout;
}

/** One that the system gives out, so that whatever else runs on this machine keeps its own; a server that comes back takes it again. */
async function freePort(address: string): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, address), 'listening');
  const bound = probe.address();
  await once(probe.close(), 'close');
  // A TCP server's address is an object.
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

/** Waits until exactly these hosts are in a state. */
export const untilHosts = (
  installation: Installation,
  what: string,
  isReached: (hosts: readonly Host[]) => boolean,
  timeoutMs = 60_000,
): Promise<Host[]> =>
  until(what, timeoutMs, async () => {
    const hosts = await installation.hosts();
    return isReached(hosts) ? hosts : null;
  });
