import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PROGRAM = join(ROOT, 'dist/agent/main.js');
/** As in the agent's unit file. */
const RUNTIME_OPTIONS = ['--max-semi-space-size=1'];
const ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TOP_PAD_: '0',
};
const SESSION_TIMEOUT_MS = 30_000;

export interface RunningAgent {
  readonly pid: number;
  /** From the start of the process to its log's word that the session is open. */
  readonly sessionMs: number;
  close(): Promise<void>;
}

/** Makes this machine a host of the server, with the agent's state in a directory of its own. */
export async function enrolAgent(directory: string, token: string): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, 'enrol', '--data', directory], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PILOTHOUSE_AGENT_TOKEN: token },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the agent did not enrol: exit code ${code}`);
}

/** The agent of the bundle, run as its unit file runs it. */
export async function runAgent(directory: string, gateway: string): Promise<RunningAgent> {
  const began = performance.now();
  const child = spawn(process.execPath, [...RUNTIME_OPTIONS, PROGRAM, 'run', '--data', directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...ENVIRONMENT, PILOTHOUSE_AGENT_SERVER: gateway },
  });
  await sessionOf(child);
  return {
    pid: child.pid ?? 0,
    sessionMs: performance.now() - began,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function sessionOf(child: ChildProcess): Promise<void> {
  let log = '';
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`the agent ${why}:\n${log}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('opened no session in time');
    }, SESSION_TIMEOUT_MS);
    child.once('exit', (code) => fail(`ended with ${code}`));
    child.stderr?.on('data', (piece: Buffer) => {
      log = (log + piece.toString('utf8')).slice(-64 * 1024);
      if (!log.includes('session opened')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
