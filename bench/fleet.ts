/** Connect, fan-out and memory of one server under simulated agents, all on this machine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@pilothouse/client';
import { actionSchemaDigest, enrolmentRoutes, rolloutRoutes, sessionRoutes } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { honest, simulatedFleet, startServerProcess, testFetch, until } from '@pilothouse/testkit';
import type { Report } from './report.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const API = '127.0.0.1:28443';

/** Private memory of a process in bytes. */
function privateBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].reduce(
    (sum, match) => sum + Number(match[1]) * 1024,
    0,
  );
}

export async function benchFleet(hosts: number): Promise<Report> {
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
  const anonymous = createClient({ baseUrl: `https://${API}`, fetch, token: null, language: 'en' });
  try {
    const { token: apiToken } = await anonymous.call(sessionRoutes.setup, {
      body: {
        code: server.setupCode ?? '',
        name: 'ada',
        password: 'correct horse battery',
        tokenName: 'bench',
      },
    });
    const client = createClient({ baseUrl: `https://${API}`, fetch, token: apiToken, language: 'en' });
    const { token } = await client.call(enrolmentRoutes.createToken, {
      body: { name: 'bench', usesMax: hosts },
    });
    const actions = { [runCommandAction.name]: actionSchemaDigest(runCommandAction) };
    const idleBytes = privateBytes(server.pid);

    const enrolStarted = performance.now();
    const fleet = await simulatedFleet({
      token,
      count: hosts,
      behaviourOf: () => honest('up 1 day\n'),
      actions,
    });
    const enrolSeconds = (performance.now() - enrolStarted) / 1000;
    const connectStarted = performance.now();
    await fleet.connectAll();
    const connectSeconds = (performance.now() - connectStarted) / 1000;
    const connectedBytes = privateBytes(server.pid);

    const fanOutSeconds: number[] = [];
    for (let round = 0; round < 3; round++) {
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
      fanOutSeconds.push((performance.now() - started) / 1000);
      if (ended.counts.succeeded !== hosts)
        throw new Error(`only ${ended.counts.succeeded} of ${hosts} succeeded`);
    }
    const peakBytes = privateBytes(server.pid);
    fleet.close();
    const median = fanOutSeconds.sort((a, b) => a - b)[1] ?? 0;
    return {
      name: 'fleet',
      hosts,
      figures: [
        { what: 'enrolment', value: hosts / enrolSeconds, unit: 'hosts/s', budget: 150, isFloor: true },
        { what: 'connect, all sessions', value: connectSeconds, unit: 's', budget: null },
        {
          what: 'server memory a connected host',
          value: (connectedBytes - idleBytes) / hosts / 1000,
          unit: 'kB',
          budget: 80,
        },
        {
          what: 'server memory a host after three fan-outs',
          value: (peakBytes - idleBytes) / hosts / 1000,
          unit: 'kB',
          budget: null,
        },
        { what: 'fan-out, click to last durable result, median of 3', value: median, unit: 's', budget: 2 },
        {
          what: 'executions of any task',
          value: Math.max(...fleet.agents.flatMap((agent) => [...agent.executions.values()])),
          unit: '',
          budget: 1,
        },
      ],
    };
  } finally {
    close();
    await server.kill('SIGTERM');
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}
