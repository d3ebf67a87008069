/** For tests: machines of one installation over one PostgreSQL, behind haproxy, with simulated agents. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@pilothouse/client';
import { type ServerProcess, startServerProcess } from '@pilothouse/testkit';
import { patient } from './asking-people.ts';
import { NEAR } from './far-network.ts';
import { haproxy } from './haproxy.ts';
import { actsOf, ENTRY, fleetsOf, freePorts, signedIn, type TestInstallation } from './test-installation.ts';

/** A leader, or who may become it, and a front. */
const PROCESSES = 2;
const PEER_PORT = 7_445;

export interface TestMachine {
  readonly address: string;
  readonly dataDirectory: string;
  server(): ServerProcess;
  start(): Promise<void>;
  /** All of its processes at once, as a power cut does. */
  kill(): Promise<void>;
}

export interface TestMachines
  extends Pick<TestInstallation, 'fleet' | 'run' | 'rollout' | 'ended' | 'tasks'> {
  readonly client: Client;
  /** Of the balancer. */
  readonly baseUrl: string;
  readonly machines: readonly [TestMachine, TestMachine];
  close(): Promise<void>;
}

export interface MachinesOptions {
  readonly machines: readonly [MachineMaking, MachineMaking];
}

export interface MachineMaking {
  readonly address: string;
  /** What it takes for PILOTHOUSE_STORE. */
  readonly store: string;
  /** What stands before its program, where it is in a network of its own. */
  readonly before?: readonly string[];
}

/** The second machine gets the key of the installation from the first, as a person would bring it. */
export async function testMachines({ machines }: MachinesOptions): Promise<TestMachines> {
  const [api = 0, gateway = 0] = await freePorts();
  const first = newMachine({ ...machines[0], api, gateway });
  const second = newMachine({ ...machines[1], api, gateway });
  const addresses = [machines[0].address, machines[1].address] as const;
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-haproxy-'));
  const balancer = await haproxy({ directory, ports: { api, gateway }, addresses });
  const closers: (() => Promise<void> | void)[] = [
    () => first.remove(),
    () => second.remove(),
    () => rmSync(directory, { recursive: true }),
    () => balancer.close(),
  ];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).toReversed()) await each();
  };
  try {
    await first.start();
    await balancer.untilItServes();
    const baseUrl = `https://127.0.0.1:${api}`;
    const signed = await signedIn(baseUrl, first.server().setupCode ?? '', patient());
    const fleets = fleetsOf(signed.client);
    closers.push(signed.close, fleets.close);
    giveKey(first, second);
    await second.start();
    const { client } = signed;
    return { ...actsOf(client), client, baseUrl, fleet: fleets.add, machines: [first, second], close };
  } catch (error) {
    await close();
    throw error;
  }
}

function giveKey(from: TestMachine, to: TestMachine): void {
  mkdirSync(join(to.dataDirectory, 'keys'), { recursive: true, mode: 0o700 });
  copyFileSync(join(from.dataDirectory, 'keys/cluster.key'), join(to.dataDirectory, 'keys/cluster.key'));
}

interface MachinePlace extends MachineMaking {
  readonly api: number;
  readonly gateway: number;
}

function newMachine({
  address,
  store,
  before = [],
  api,
  gateway,
}: MachinePlace): TestMachine & { remove(): Promise<void> } {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'pilothouse-machine-'));
  let server: ServerProcess | null = null;
  const running = (): ServerProcess => {
    if (server === null) throw new Error(`${address} has not started`);
    return server;
  };
  return {
    address,
    dataDirectory,
    server: running,
    async start() {
      server = await startServerProcess({
        entry: ENTRY,
        dataDirectory,
        listen: `${address}:${api}`,
        gatewayListen: `${address}:${gateway}`,
        advertise: '127.0.0.1',
        before,
        environment: {
          PILOTHOUSE_STORE: store,
          PILOTHOUSE_PROCESSES: String(PROCESSES),
          PILOTHOUSE_PEER_LISTEN: `${address}:${PEER_PORT}`,
          PILOTHOUSE_GATEWAY_PROXY_PROTOCOL: `127.0.0.1,${NEAR}`,
        },
      });
    },
    async kill() {
      const keeper = running();
      for (const pid of [keeper.pid, ...childrenOf(keeper.pid)]) process.kill(pid, 'SIGKILL');
      await keeper.ended;
    },
    async remove() {
      await server?.kill('SIGTERM');
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => parentOf(pid) === parent)
    .map(Number);
}

function parentOf(pid: string): number | null {
  try {
    // After the name, which may hold anything: state and parent.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    // It ended meanwhile.
    return null;
  }
}
