/** For tests: the real agent as a process of its own, from its bundle. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
export const AGENT_PROGRAM = join(ROOT, 'dist/agent/main.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AgentUnderTest {
  readonly directory: string;
  /** Runs one verb to its end. */
  command(...args: string[]): Promise<Finished>;
  /**
   * Starts `run`, or another program on the same directory; the process is ended with the test if it still lives.
   */
  start(program?: string): ChildProcess;
  close(): Promise<void>;
}

export function newAgent(directory = mkdtempSync(join(tmpdir(), 'agent-'))): AgentUnderTest {
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', PILOTHOUSE_AGENT_DATA: directory };
  const running = new Set<ChildProcess>();
  const launch = (args: readonly string[], program = AGENT_PROGRAM): ChildProcess => {
    const child = spawn(process.execPath, [program, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
  };
  return {
    directory,
    command(...args) {
      const child = launch(args);
      let [stdout, stderr] = ['', ''];
      child.stdout?.on('data', (piece) => {
        stdout += piece;
      });
      child.stderr?.on('data', (piece) => {
        stderr += piece;
      });
      return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
    },
    start(program) {
      const child = launch(['run'], program);
      child.stdout?.resume();
      child.stderr?.resume();
      return child;
    },
    async close() {
      for (const child of running) {
        child.kill('SIGKILL');
        await ended(child);
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('close', () => resolve());
  });
