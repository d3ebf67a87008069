/**
 * The server under the routes' fuzzer: in this process, where its answers are checked against their routes' schemas and no socket
 * slows it down; or, with PILOTHOUSE_TEST_FRONTS, as one of several processes, so that what is hostile goes through the fronts.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Route } from '@pilothouse/contract';
import { openTestKernel, type TestKernel } from '@pilothouse/kernel/open-test-kernel';
import { startServerProcess } from '@pilothouse/testkit';
import { plugins } from '../src/plugins.ts';
import { ENTRY, freePorts } from './test-installation.ts';

export interface FuzzRequest {
  readonly method?: Route['method'];
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless they are bytes. */
  readonly payload?: unknown;
}

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders | OutgoingHttpHeaders;
  readonly body: AsyncIterable<unknown>;
  /** Nobody reads on. */
  end(): void;
}

export interface FuzzedServer extends Pick<TestKernel, 'endpoints' | 'errors' | 'newSetupCode'> {
  ask(request: FuzzRequest): Promise<FuzzAnswer>;
  /** Hosts without agents: in this process alone. */
  readonly addHost: TestKernel['addHost'] | null;
  /** False: a process of it has ended meanwhile. */
  isWhole(): boolean;
  close(): Promise<void>;
}

export const openFuzzedServer = (): Promise<FuzzedServer> =>
  process.env['PILOTHOUSE_TEST_FRONTS'] === undefined ? openHere() : openBehindFronts();

const bytesOf = (payload: unknown): Buffer | undefined =>
  payload === undefined || Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(JSON.stringify(payload) ?? 'null');

const typed = (payload: unknown): Record<string, string> =>
  payload === undefined ? {} : { 'content-type': 'application/json' };

async function openHere(): Promise<FuzzedServer> {
  const kernel = await openTestKernel({ plugins });
  return {
    ...kernel,
    isWhole: () => true,
    async ask({ method = 'GET', url, headers, payload }) {
      const body = bytesOf(payload);
      const answer = await kernel.inject({
        method,
        url,
        headers: { ...typed(payload), ...headers },
        ...(body === undefined ? {} : { payload: body }),
        payloadAsStream: true,
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: answer.stream(),
        end: () => void answer.raw.res.destroy(),
      };
    },
  };
}

const PROCESSES = 3;
/** Whatever it is sent, and on a machine that does ten other things. */
const ANSWER_TIMEOUT_MS = 20_000;

async function openBehindFronts(): Promise<FuzzedServer> {
  // Its routes and errors are those of the other one.
  const kernel = await openTestKernel({ plugins });
  const dataDirectory = await mkdtemp(join(tmpdir(), 'pilothouse-fuzzed-'));
  const [api, gateway] = await freePorts();
  const server = await startServerProcess({
    entry: ENTRY,
    dataDirectory,
    listen: `127.0.0.1:${api}`,
    gatewayListen: `127.0.0.1:${gateway}`,
    advertise: '127.0.0.1',
    environment: { PILOTHOUSE_PROCESSES: String(PROCESSES), PILOTHOUSE_LOG_LEVEL: 'warn' },
  });
  const children = (): string[] =>
    readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ');
  const begun = children();
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: 8 });
  return {
    endpoints: kernel.endpoints,
    errors: kernel.errors,
    newSetupCode: async () => server.setupCode,
    addHost: null,
    isWhole: () => begun.every((pid) => children().includes(pid)),
    ask: (asked) => askOver({ agent, port: api ?? 0 }, asked),
    async close() {
      agent.destroy();
      await server.kill('SIGTERM');
      await rm(dataDirectory, { recursive: true });
      await kernel.close();
    },
  };
}

function askOver(
  { agent, port }: { readonly agent: Agent; readonly port: number },
  { method = 'GET', url, headers, payload }: FuzzRequest,
): Promise<FuzzAnswer> {
  const body = bytesOf(payload);
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      method,
      path: url,
      headers: { ...typed(payload), ...length, ...headers },
      agent,
      timeout: ANSWER_TIMEOUT_MS,
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', (cause) => reject(new Error(`${method} ${url.slice(0, 500)}`, { cause })));
    sent.on('response', (answer) => {
      const end = (): void => {
        if (!answer.readableEnded) answer.destroy();
      };
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer, end });
    });
    sent.end(body);
  });
}
