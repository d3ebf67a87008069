import type { Probe } from '@pilothouse/contract';

/** The longest that all probes of a plan may take on one host, one after the other with all their tries. */
export const probesMsMax = (probes: readonly Probe[]): number =>
  probes.reduce((sum, { tries, timeoutMs, pauseMs }) => sum + tries * timeoutMs + (tries - 1) * pauseMs, 0);
