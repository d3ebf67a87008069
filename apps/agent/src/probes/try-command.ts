import { createHostAccess } from '@pilothouse/agent-kit';
import { errorCode } from '@pilothouse/base';
import type { Probe } from '@pilothouse/contract';
import type { ProbeTry } from './run-probes.ts';

type ProbeOf<K extends Probe['kind']> = Extract<Probe, { kind: K }>;

/** A program that prints more than this is killed, and the probe fails: it says too much to be a check. */
const OUTPUT_BYTES_MAX = 64 * 1024;

export async function tryCommand(probe: ProbeOf<'command'>, signal: AbortSignal): Promise<ProbeTry> {
  // The schema lets no empty vector through.
  const [program = '', ...args] = probe.argv;
  return runChecked({ program, args, timeoutMs: probe.timeoutMs, exitCode: probe.exitCode }, signal);
}

/** Active is what systemd itself calls so: also a unit that reloads. */
export const tryUnit = (probe: ProbeOf<'unit'>, signal: AbortSignal): Promise<ProbeTry> =>
  runChecked(
    {
      program: 'systemctl',
      args: ['is-active', '--', probe.unit],
      timeoutMs: probe.timeoutMs,
      exitCode: 0,
    },
    signal,
  );

interface Check {
  readonly program: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly exitCode: number;
}

async function runChecked(check: Check, signal: AbortSignal): Promise<ProbeTry> {
  const options = { timeoutMs: check.timeoutMs, outputBytesMax: OUTPUT_BYTES_MAX };
  try {
    const result = await createHostAccess({ signal }).run(check.program, check.args, options);
    if (result === null) return failing(`there is no program ${check.program}`);
    if (result.isTimedOut || signal.aborted) return failing(`no end within ${check.timeoutMs} ms`);
    if (result.isCut) return failing(`printed more than ${OUTPUT_BYTES_MAX} bytes`);
    const said = `${result.stdout}${result.stderr}`.trim();
    const how = result.exitCode === null ? `signal ${result.signal}` : `exit code ${result.exitCode}`;
    return {
      isPassing: result.exitCode === check.exitCode,
      evidence: said === '' ? how : `${how}: ${said}`,
    };
  } catch (cause) {
    // Not executable, aborted before it began: the host's answer is no.
    return failing(reasonOf(cause));
  }
}

/** The kit says what it was doing; why it failed is in the cause. */
const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? (errorCode(cause.cause) ?? cause.message) : 'not possible';

const failing = (evidence: string): ProbeTry => ({ isPassing: false, evidence });
