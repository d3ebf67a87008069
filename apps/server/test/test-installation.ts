/** For tests: a real server in a process of its own over any store, with an administrator and simulated agents. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Client, type ClientOptions, createClient } from '@pilothouse/client';
import {
  actionSchemaDigest,
  enrolmentRoutes,
  type Rollout,
  resultRoutes,
  rolloutRoutes,
  type Strategy,
  sessionRoutes,
  type Task,
} from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import {
  type Behaviour,
  honest,
  type ServerProcess,
  type SimulatedFleet,
  type SimulatedFleetOptions,
  simulatedFleet,
  startServerProcess,
  testFetch,
  until,
} from '@pilothouse/testkit';

export const ENTRY = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src/main.ts');
const DIE_AT_COMMIT = new URL('die-at-commit.ts', import.meta.url).href;

export interface TestInstallation {
  readonly client: Client;
  readonly dataDirectory: string;
  server(): ServerProcess;
  /** As a power cut does, or as a service manager. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** On another store from now on, when one is named; `first` is done to it before the server starts. */
  start(store?: string, first?: () => Promise<unknown>): Promise<void>;
  /** As die-at-commit.ts takes it; for all starts from the next one on. Null: it dies at no commit. */
  dieAtCommit(point: string | null): void;
  /** `pilothouse-server store …` on this installation; gives its JSON. */
  storeCommand(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
  fleet(
    count: number,
    behaviour?: Behaviour,
    performs?: SimulatedFleetOptions['performs'],
  ): Promise<SimulatedFleet>;
  /** A command on every host. */
  run(strategy?: Partial<Strategy>): Promise<Rollout>;
  rollout(id: string): Promise<Rollout>;
  ended(id: string): Promise<Rollout>;
  tasks(id: string): Promise<Task[]>;
  close(): Promise<void>;
}

/** `store`: what PILOTHOUSE_STORE takes. */
export async function testInstallation(store: string, processes = 1): Promise<TestInstallation> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'pilothouse-installation-'));
  const [api, gateway] = await freePorts();
  let current = store;
  let deadly: string | null = null;
  const startServer = (): Promise<ServerProcess> =>
    startServerProcess({
      entry: ENTRY,
      dataDirectory,
      listen: `127.0.0.1:${api}`,
      gatewayListen: `127.0.0.1:${gateway}`,
      advertise: '127.0.0.1',
      environment: {
        PILOTHOUSE_STORE: current,
        PILOTHOUSE_PROCESSES: String(processes),
        ...(deadly === null ? {} : { PILOTHOUSE_TEST_DIE_AT_COMMIT: deadly }),
      },
      ...(deadly === null ? {} : { runtimeOptions: ['--import', DIE_AT_COMMIT] }),
    });
  const remove = (): void => rmSync(dataDirectory, { recursive: true, force: true });
  let server = await startServer().catch((error: unknown) => {
    remove();
    throw error;
  });
  const { client, close } = await signedIn(`https://127.0.0.1:${api}`, server.setupCode ?? '');
  const fleets = fleetsOf(client);
  return {
    ...actsOf(client),
    client,
    dataDirectory,
    fleet: fleets.add,
    server: () => server,
    stop: (signal) => server.kill(signal),
    async start(other = current, first) {
      current = other;
      await first?.();
      server = await startServer();
    },
    dieAtCommit(point) {
      deadly = point;
    },
    storeCommand: (...args) =>
      runStoreCommand(args, { PILOTHOUSE_DATA: dataDirectory, PILOTHOUSE_STORE: current }),
    async close() {
      fleets.close();
      close();
      await server.kill('SIGTERM');
      remove();
    },
  };
}

/** `more`: the patience of the command line, where a server is expected to go away under the test. */
export async function signedIn(
  baseUrl: string,
  code: string,
  more: Pick<ClientOptions, 'patience' | 'newIdempotencyKey'> = {},
): Promise<{ client: Client; close: () => void }> {
  const { fetch, close } = testFetch();
  const options = { baseUrl, fetch, language: 'en', ...more } as const;
  const body = { code, name: 'ada', password: 'correct horse battery', tokenName: 'test' };
  const { token } = await createClient({ ...options, token: null }).call(sessionRoutes.setup, { body });
  return { client: createClient({ ...options, token }), close };
}

export function fleetsOf(client: Client): { add: TestInstallation['fleet']; close: () => void } {
  const fleets: SimulatedFleet[] = [];
  return {
    async add(count, behaviour = honest('done'), performs) {
      const enrolment = await client.call(enrolmentRoutes.createToken, {
        body: { name: 'test', usesMax: count },
      });
      const fleet = await simulatedFleet({
        token: enrolment.token,
        count,
        behaviourOf: () => behaviour,
        actions: { [runCommandAction.name]: actionSchemaDigest(runCommandAction) },
        firstIndex: fleets.reduce((sum, each) => sum + each.agents.length, 1),
        ...(performs === undefined ? {} : { performs }),
      });
      fleets.push(fleet);
      for (const agent of fleet.agents) agent.keepConnected();
      await until('the fleet to connect', 20_000, async () =>
        fleet.agents.every((agent) => agent.isConnected),
      );
      return fleet;
    },
    close: () => {
      for (const fleet of fleets) fleet.close();
    },
  };
}

export function actsOf(client: Client): Pick<TestInstallation, 'run' | 'rollout' | 'ended' | 'tasks'> {
  const rollout = (rolloutId: string) => client.call(rolloutRoutes.get, { params: { rolloutId } });
  return {
    rollout,
    async run(strategy = {}) {
      const actions = [{ action: runCommandAction.name, parameters: { shell: 'true' } }];
      const body = { title: 'test', target: { selector: 'true' }, actions, strategy };
      return (await client.call(rolloutRoutes.run, { body })).rollout;
    },
    ended: (id) =>
      until(`rollout ${id} to end`, 60_000, async () => {
        const now = await rollout(id);
        return now.endedAt === null ? null : now;
      }),
    tasks: async (rolloutId) =>
      (await client.call(resultRoutes.tasks, { params: { rolloutId }, query: { limit: 1000 } })).items,
  };
}

async function runStoreCommand(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await promisify(execFile)(process.execPath, [ENTRY, 'store', ...args, '--json'], {
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...settings },
  });
  // One object in one line, which the test knows.
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

/** Two, of 127.0.0.1. */
export async function freePorts(): Promise<number[]> {
  const servers = [createServer(), createServer()];
  const ports = servers.map(async (server) => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  const free = await Promise.all(ports);
  for (const server of servers) await once(server.close(), 'close');
  return free;
}
