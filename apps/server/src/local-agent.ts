/**
 * The agent of this very machine, as `npm start` runs it beside the server: the same bundle and the same enrolment as on
 * any other host, with its data below the server's. It is a child of this process and ends with it, also when this process
 * is killed: a channel between the two closes then, and end-with-parent.mjs, which the agent's process loads first, ends
 * the agent in the ordinary way.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '@pilothouse/base';
import type { Kernel, Log } from '@pilothouse/kernel';
import { z } from 'zod';
import { AGENT_ENVIRONMENT, AGENT_RUNTIME_OPTIONS } from './local-agent-runtime.ts';

/** The log begins anew above this size: it is for finding out why the agent did not come, not an archive. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;
/** Then it is killed; a task of its own goes on in its scope, or is reported as unknown. */
const STOP_TIMEOUT_MS = 8_000;
const PARENT_WATCH = fileURLToPath(new URL('end-with-parent.mjs', import.meta.url));

const Identity = z.object({ hostId: z.string() });

export interface LocalAgentOptions {
  readonly program: string;
  readonly dataDirectory: string;
  readonly kernel: Pick<Kernel, 'hosts' | 'newLocalToken' | 'gatewayListen'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LocalAgent {
  /** Null when the enrolment failed; the agent's log says why. */
  readonly hostId: string | null;
  readonly logPath: string;
  stop(): Promise<void>;
}

/** Enrols this machine unless it is a host of this server already, and runs its agent. */
export async function startLocalAgent(options: LocalAgentOptions): Promise<LocalAgent> {
  const data = join(options.dataDirectory, 'local-agent');
  const logPath = join(options.dataDirectory, 'local-agent.log');
  const log = openLog(logPath);
  try {
    const known = await knownHost(options, data);
    if (known === null) await enrol(options, data, log);
    const hostId = known ?? hostIdOf(data);
    if (hostId === null) return { hostId, logPath, stop: async () => undefined };
    const child = spawn(
      process.execPath,
      [...AGENT_RUNTIME_OPTIONS, '--import', PARENT_WATCH, options.program, 'run', '--data', data],
      { stdio: ['ignore', log, log, 'ipc'], env: environmentOf(options) },
    );
    let isStopping = false;
    child.once('exit', (code, signal) => {
      if (!isStopping) options.log.error('the agent beside the server ended', { code, signal, logPath });
    });
    const stop = async (): Promise<void> => {
      isStopping = true;
      await stopChild(child, options.clock);
    };
    return { hostId, logPath, stop };
  } finally {
    closeSync(log);
  }
}

/** The gateway's port may be another one than at the last start, and than the agent's identity says. */
const environmentOf = ({ kernel }: LocalAgentOptions): NodeJS.ProcessEnv => ({
  ...process.env,
  ...AGENT_ENVIRONMENT,
  PILOTHOUSE_AGENT_SERVER: `https://localhost:${kernel.gatewayListen.port}`,
});

function openLog(path: string): number {
  const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return openSync(path, sizeBytes > LOG_BYTES_MAX ? 'w' : 'a', 0o600);
}

function hostIdOf(data: string): string | null {
  try {
    return Identity.parse(JSON.parse(readFileSync(join(data, 'identity.json'), 'utf8'))).hostId;
  } catch {
    // No identity, or a damaged one: enrolling makes a new one.
    return null;
  }
}

/** Null when the agent has no identity, or one of a store that this server no longer has. */
async function knownHost({ kernel }: LocalAgentOptions, data: string): Promise<string | null> {
  const hostId = hostIdOf(data);
  return hostId !== null && (await kernel.hosts.get(hostId)) !== null ? hostId : null;
}

async function enrol(options: LocalAgentOptions, data: string, log: number): Promise<void> {
  const token = await options.kernel.newLocalToken();
  const child = spawn(process.execPath, [options.program, 'enrol', '--again', '--data', data], {
    stdio: ['ignore', log, log],
    // Not as an argument, which every user of the machine can read.
    env: { ...process.env, PILOTHOUSE_AGENT_TOKEN: token },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) options.log.error('the agent beside the server did not enrol', { code });
}

async function stopChild(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const cancel = clock.after(STOP_TIMEOUT_MS, () => child.kill('SIGKILL'));
  await ended;
  cancel();
}
