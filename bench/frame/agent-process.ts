import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOfChildren } from './process-usage.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PROGRAM = join(ROOT, 'dist/agent/main.js');
const UNIT = join(ROOT, 'apps/agent/packaging/pilothouse-agent.service');
const SESSION_TIMEOUT_MS = 30_000;
/** It gives memory back ten seconds after a burst, and no more often than every thirty. */
export const GIVEN_BACK_MS = 45_000;

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
  const child = spawn(process.execPath, [PROGRAM, 'run', '--data', directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...unitEnvironment(), PILOTHOUSE_AGENT_SERVER: gateway },
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

/** What the unit file gives the agent, so that what is measured is what runs. */
function unitEnvironment(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, line = ''] of readFileSync(UNIT, 'utf8').matchAll(/^Environment=(.*)$/gm)) {
    // Assignments are separated by blanks; one with blanks in its value stands in quotes.
    for (const [, quoted, plain = ''] of line.matchAll(/"([^"]*)"|(\S+)/g)) {
      const assignment = quoted ?? plain;
      const end = assignment.indexOf('=');
      found[assignment.slice(0, end)] = assignment.slice(end + 1);
    }
  }
  return found;
}

export interface Collection {
  /** Seconds of processor time, with the programs that were asked. */
  readonly cpuSeconds: number;
  /** What there is to collect, and how often. */
  readonly facts: readonly { readonly name: string; readonly intervalMs: number }[];
}

/**
 * One collection of these facts, all when none is named, as the agent starts it. Counted as this process counts its ended
 * children, so nothing else may end meanwhile.
 */
export async function collectFacts(directory: string, facts: readonly string[]): Promise<Collection> {
  const before = cpuSecondsOfChildren(process.pid);
  const child = spawn(process.execPath, [PROGRAM, 'collect', '--data', directory, '--', ...facts], {
    // Its input stays open as long as whoever asked lives.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const said = await text(child.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`the collection ended with ${code}`);
  const offered = said.split('\n').find((line) => line.includes('"offered"')) ?? '{"facts":[]}';
  return { ...JSON.parse(offered), cpuSeconds: cpuSecondsOfChildren(process.pid) - before };
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
