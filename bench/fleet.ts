/** Connect, fan-out and memory of one server under simulated agents, all on this machine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@pilothouse/client';
import { actionSchemaDigest, enrolmentRoutes, rolloutRoutes, sessionRoutes } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { honest, simulatedFleet, startServerProcess, testFetch, until } from '@pilothouse/testkit';
import type { Report } from './report.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const API = '127.0.0.1:28443';
const ROUNDS = 3;

/** Private memory of a process in bytes. */
function privateBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].reduce(
    (sum, match) => sum + Number(match[1]) * 1024,
    0,
  );
}

interface Bench {
  readonly client: Client;
  readonly serverPid: number;
  readonly close: () => Promise<void>;
}

async function startBench(): Promise<Bench> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'pilothouse-bench-'));
  const server = await startServerProcess({
    entry: join(ROOT, 'apps/server/src/main.ts'),
    dataDirectory,
    listen: API,
    gatewayListen: '127.0.0.1:28444',
    advertise: '127.0.0.1',
    environment: { PILOTHOUSE_LOG_LEVEL: 'warn' },
  });
  const { fetch, close } = testFetch();
  const options = { baseUrl: `https://${API}`, fetch, language: 'en' };
  const { token } = await createClient({ ...options, token: null }).call(sessionRoutes.setup, {
    body: {
      code: server.setupCode ?? '',
      name: 'ada',
      password: 'correct horse battery',
      tokenName: 'bench',
    },
  });
  return {
    client: createClient({ ...options, token }),
    serverPid: server.pid,
    close: async () => {
      close();
      await server.kill('SIGTERM');
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** Seconds from the request to the last durable result of one command on every host. */
async function fanOut(client: Client, hosts: number): Promise<number> {
  const started = performance.now();
  const { rollout } = await client.call(rolloutRoutes.run, {
    body: {
      title: 'uptime',
      target: { selector: 'true' },
      actions: [{ action: runCommandAction.name, parameters: { argv: ['uptime'] } }],
      strategy: { inFlightMax: hosts },
    },
  });
  const ended = await until('the fan-out to end', 120_000, async () => {
    const now = await client.call(rolloutRoutes.get, { params: { rolloutId: rollout.id } });
    return now.endedAt === null ? null : now;
  });
  if (ended.counts.succeeded !== hosts)
    throw new Error(`only ${ended.counts.succeeded} of ${hosts} succeeded`);
  return (performance.now() - started) / 1000;
}

const secondsOf = async (run: () => Promise<void>): Promise<number> => {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
};

export async function benchFleet(hosts: number): Promise<Report> {
  const { client, serverPid, close } = await startBench();
  try {
    const { token } = await client.call(enrolmentRoutes.createToken, {
      body: { name: 'bench', usesMax: hosts },
    });
    const actions = { [runCommandAction.name]: actionSchemaDigest(runCommandAction) };
    const idle = privateBytes(serverPid);
    const started = performance.now();
    const fleet = await simulatedFleet({
      token,
      count: hosts,
      behaviourOf: () => honest('up 1 day\n'),
      actions,
    });
    const enrolSeconds = (performance.now() - started) / 1000;
    const connectSeconds = await secondsOf(() => fleet.connectAll());
    const connected = privateBytes(serverPid);
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await fanOut(client, hosts));
    const peak = privateBytes(serverPid);
    fleet.close();
    const executions = Math.max(...fleet.agents.flatMap((agent) => [...agent.executions.values()]));
    const kilobytesAHost = (bytes: number): number => (bytes - idle) / hosts / 1000;
    return {
      name: 'fleet',
      hosts,
      figures: [
        { what: 'enrolment', value: hosts / enrolSeconds, unit: 'hosts/s', budget: 150, isFloor: true },
        { what: 'connect, all sessions', value: connectSeconds, unit: 's', budget: null },
        { what: 'server memory a connected host', value: kilobytesAHost(connected), unit: 'kB', budget: 80 },
        { what: 'the same after the fan-outs', value: kilobytesAHost(peak), unit: 'kB', budget: null },
        {
          what: 'fan-out, click to last durable result, median',
          value: median(rounds),
          unit: 's',
          budget: 2,
        },
        { what: 'executions of any task', value: executions, unit: '', budget: 1 },
      ],
    };
  } finally {
    await close();
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
