import { ceiling, type Figure, plain } from '../figure.ts';
import type { Probe } from './probe.ts';
import type { Stall } from './probe-protocol.ts';
import type { Stage } from './stage.ts';
import { type ProcessorProfile, stallCauses } from './stall-causes.ts';

/** The stalls since they were last asked for. With a profile of that time their causes are said. */
export async function stallsUntilNow(
  stage: Pick<Stage, 'stalls'>,
  endProfile: () => Promise<ProcessorProfile | null>,
  say: (line: string) => void,
): Promise<readonly Stall[]> {
  const stalls = await stage.stalls();
  const profile = await endProfile();
  if (profile !== null) for (const cause of stallCauses(profile, stalls, process.cwd())) say(cause);
  // Ending it holds the loop up itself.
  await stage.stalls();
  return stalls;
}

/** Longest of what the event loop did in one go since the last time this was asked. */
export const stallFigures = async (probe: Probe): Promise<Figure[]> => figuresOf(await probe.ask('stalls'));

export function figuresOf(stalls: readonly Stall[]): Figure[] {
  const most = (of: (stall: Stall) => number): number =>
    stalls.reduce((longest, stall) => Math.max(longest, of(stall)), 0);
  return [
    // Only what the loop's own thread computed is ours; on a shared machine the rest is waiting for a core.
    ceiling(
      'longest stall of the event loop, computing',
      most((stall) => stall.cpuMs),
      'ms',
      50,
    ),
    plain(
      'the same by the clock',
      most((stall) => stall.wallMs),
      'ms',
    ),
    plain('stalls over 50 ms by the clock', stalls.length, ''),
  ];
}
