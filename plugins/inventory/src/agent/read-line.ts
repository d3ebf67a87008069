import type { HostAccess } from '@pilothouse/agent-kit';
import { lineOrNull } from '../domain/parsed.ts';

/** Files of /proc and /sys that hold one value; more would be a mistake of the kernel's. */
const VALUE_BYTES_MAX = 4096;

/** The text of a one-value file without white space around it; null when it is empty, absent or not readable. */
export const readLine = async (host: HostAccess, path: string): Promise<string | null> =>
  lineOrNull(await host.readText(path, VALUE_BYTES_MAX));
