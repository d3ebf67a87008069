import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client } from '@pilothouse/client';
import { actionSchemaDigest, enrolmentRoutes } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { type Fleet, type FleetShare, openFleet } from './fleet.ts';
import { openStage, type Stage } from './stage.ts';

/** A handshake is work on both sides; more at once than this only wait for each other. */
export const CONCURRENT = 16;

/** The gateway tells the 65th enrolment at once to come back later. */
const ENROLMENTS_AT_ONCE_MAX = 48;

/** How many each process of a fleet enrols at once. */
export const concurrentEnrolments = ({ processes }: Fleet): number =>
  Math.max(1, Math.min(CONCURRENT, Math.floor(ENROLMENTS_AT_ONCE_MAX / processes)));

/** A server with its fleet enrolled, and not connected yet. */
export interface Scene {
  readonly stage: Stage;
  readonly fleet: Fleet;
  close(): Promise<void>;
}

export interface SceneOptions {
  readonly hosts: number;
  readonly hasFacts?: boolean;
  /** How long a simulated command takes. */
  readonly delayMs?: number;
  readonly heartbeatIntervalMs?: number;
  /** Of the server. */
  readonly processes?: number;
}

/** A server that knows a fleet, whose identities are in `file`. */
export interface EnrolledServer {
  readonly stage: Stage;
  readonly file: string;
}

export interface PreparedFleets {
  /** An empty directory for an installation. */
  newDirectory(): string;
  /** Puts the stopped installation away as the enrolled fleet of so many hosts. */
  keep(hosts: number, what: { dataDirectory: string; apiToken: string; identities: unknown[] }): void;
  /** The server alone, over a copy of an enrolled fleet. */
  openServer(hosts: number, processes?: number): Promise<EnrolledServer>;
  /** Starts a server over a copy of an enrolled fleet, which is made first when there is none. */
  open(options: SceneOptions): Promise<Scene>;
}

export async function newEnrolmentToken(client: Client, usesMax: number): Promise<string> {
  return (await client.call(enrolmentRoutes.createToken, { body: { name: 'bench', usesMax } })).token;
}

export const loadArgs = ({ first, count }: FleetShare, { stage, file }: EnrolledServer) => ({
  file,
  gatewayUrl: stage.gatewayUrl,
  first,
  count,
});

/** Each process of a fleet dials from an address of its own. */
export const prepareArgs = (share: FleetShare, options: Omit<SceneOptions, 'hosts'>) => ({
  actions: { [runCommandAction.name]: actionSchemaDigest(runCommandAction) },
  output: 'up 1 day\n',
  delayMs: options.delayMs ?? 0,
  localAddress: `127.0.1.${1 + share.number}`,
  hasFacts: options.hasFacts ?? false,
  heartbeatIntervalMs: options.heartbeatIntervalMs ?? null,
});

export function preparedFleets(world: {
  readonly directory: string;
  readonly scratch: string;
  readonly say: (text: string) => void;
}): PreparedFleets {
  const placeOf = (hosts: number): string => join(world.directory, `enrolled-${hosts}`);
  const newDirectory = (): string => {
    const directory = join(mkdtempSync(join(world.scratch, 'run-')), 'data');
    mkdirSync(directory);
    return directory;
  };
  const prepared: PreparedFleets = {
    newDirectory,
    keep(hosts, { dataDirectory, apiToken, identities }) {
      const place = placeOf(hosts);
      if (existsSync(place)) return;
      mkdirSync(`${place}.new`, { recursive: true });
      cpSync(dataDirectory, join(`${place}.new`, 'data'), { recursive: true });
      writeFileSync(join(`${place}.new`, 'identities.json'), JSON.stringify(identities), { mode: 0o600 });
      writeFileSync(join(`${place}.new`, 'token'), apiToken, { mode: 0o600 });
      renameSync(`${place}.new`, place);
    },
    async openServer(hosts, processes = 1) {
      const place = placeOf(hosts);
      if (!existsSync(place)) {
        world.say(`enrol ${hosts} hosts`);
        await enrolFleet(prepared, hosts);
      }
      const dataDirectory = newDirectory();
      cpSync(join(place, 'data'), dataDirectory, { recursive: true });
      const apiToken = readFileSync(join(place, 'token'), 'utf8');
      const stage = await openStage(dataDirectory, { apiToken, processes });
      return { stage, file: join(place, 'identities.json') };
    },
    async open(options) {
      const server = await prepared.openServer(options.hosts, options.processes);
      const { stage } = server;
      const fleet = await openFleet(options.hosts);
      await fleet.each('load', (share) => loadArgs(share, server));
      await fleet.each('prepare', (share) => prepareArgs(share, options));
      return { stage, fleet, close: () => closeBoth(stage, fleet) };
    },
  };
  return prepared;
}

async function enrolFleet(prepared: PreparedFleets, hosts: number): Promise<void> {
  const stage = await openStage(prepared.newDirectory());
  const fleet = await openFleet(hosts);
  await fleet.each('makeKeys', ({ first, count }) => ({ first, count }));
  const token = await newEnrolmentToken(stage.client, hosts);
  await fleet.all('enrol', { token, concurrent: concurrentEnrolments(fleet) });
  const identities = (await fleet.all('identities', null)).flat();
  await closeBoth(stage, fleet);
  prepared.keep(hosts, { dataDirectory: stage.dataDirectory, apiToken: stage.apiToken, identities });
}

async function closeBoth(stage: Stage, fleet: Fleet): Promise<void> {
  await fleet.close();
  await stage.close();
}
