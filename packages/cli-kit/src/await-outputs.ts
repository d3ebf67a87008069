/**
 * A host says how its task ended before it sends what the task printed, when that is more than a few kilobytes: the end must
 * not wait for the output. So a group may be there some moments before its output is.
 */
import type { ResultGroup } from '@pilothouse/contract';

/** Between two looks; and so many looks that a host on a slow line has about ten seconds to send a mebibyte. */
export const OUTPUT_PAUSE_MS = 400;
const LOOKS_MAX = 25;

/** Its output is named and not here: on its way, or lost with a host that could not keep it. */
export const awaitsOutput = ({ outputDigest, preview }: ResultGroup): boolean =>
  outputDigest !== null && preview === null;

/** The groups with their outputs, or as they are when those do not come. */
export async function fetchWithOutputs(
  fetchGroups: () => Promise<ResultGroup[]>,
  pause: () => Promise<void>,
): Promise<ResultGroup[]> {
  let groups = await fetchGroups();
  for (let looks = 1; looks < LOOKS_MAX && groups.some(awaitsOutput); looks++) {
    await pause();
    groups = await fetchGroups();
  }
  return groups;
}
