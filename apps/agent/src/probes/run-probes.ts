/**
 * The probes of a plan, as this host asks itself.
 *
 * All probes run at once; each is tried until it passes or its tries are used up. They change nothing and never throw: what
 * goes wrong is evidence. A command runs in a process group of its own without input, bounded in time and output.
 */
import type { Clock } from '@pilothouse/base';
import { absurd } from '@pilothouse/base';
import type { Probe, ProbeResult } from '@pilothouse/contract';
import { tryCommand, tryUnit } from './try-command.ts';
import { tryHttp } from './try-http.ts';
import { tryTcp } from './try-tcp.ts';

/** What one try said. `evidence` is for people: a status, an error, the start of what was printed. */
export interface ProbeTry {
  readonly isPassing: boolean;
  readonly evidence: string;
}

const EVIDENCE_CHARS_MAX = 1000;

export interface ProbeWorld {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export const runProbes = (probes: readonly Probe[], world: ProbeWorld): Promise<ProbeResult[]> =>
  Promise.all(probes.map((probe) => runProbe(probe, world)));

/** The first that fails, or null. */
export const failingOf = (results: readonly ProbeResult[]): ProbeResult | null =>
  results.find((result) => !result.isPassing) ?? null;

async function runProbe(probe: Probe, world: ProbeWorld): Promise<ProbeResult> {
  const startedMs = world.clock.monotonic();
  let last: ProbeTry = { isPassing: false, evidence: 'cut short' };
  let tries = 0;
  while (tries < probe.tries && !last.isPassing && !world.signal.aborted) {
    if (tries > 0) await pause(world, probe.pauseMs);
    last = await tryOnce(probe, AbortSignal.any([world.signal, AbortSignal.timeout(probe.timeoutMs)]));
    tries += 1;
  }
  return {
    name: probe.name,
    isPassing: last.isPassing,
    tries,
    durationMs: Math.round(world.clock.monotonic() - startedMs),
    evidence: last.evidence.slice(0, EVIDENCE_CHARS_MAX),
  };
}

function tryOnce(probe: Probe, signal: AbortSignal): Promise<ProbeTry> {
  switch (probe.kind) {
    case 'command':
      return tryCommand(probe, signal);
    case 'unit':
      return tryUnit(probe, signal);
    case 'http':
      return tryHttp(probe, signal);
    case 'tcp':
      return tryTcp(probe, signal);
    default:
      return absurd(probe);
  }
}

/** Leaves nothing behind on the signal, which may live as long as the agent. */
const pause = ({ clock, signal }: ProbeWorld, delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    const over = (): void => {
      cancel();
      signal.removeEventListener('abort', over);
      resolve();
    };
    const cancel = clock.after(delayMs, over);
    signal.addEventListener('abort', over, { once: true });
  });
