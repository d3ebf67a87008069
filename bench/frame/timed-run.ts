import { runCommand } from '../../lab/run-command.ts';
import { cpuSecondsOfChildren } from './process-usage.ts';

/** One run of a program, from its start to its end. */
export interface TimedRun {
  readonly seconds: number;
  /** Processor time of it and of what it started and waited for. */
  readonly cpuSeconds: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Its processor time is told by what this process counts of its ended children, so nothing else may end meanwhile. */
export async function timedRun(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<TimedRun> {
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const before = cpuSecondsOfChildren(process.pid);
  const began = performance.now();
  const { stdout, stderr } = await runCommand('env', [...settings, program, ...args]);
  const seconds = (performance.now() - began) / 1000;
  return { seconds, cpuSeconds: cpuSecondsOfChildren(process.pid) - before, stdout, stderr };
}
