import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@pilothouse/base';

/** `12s`, `5m`, `3h`, `9d`: how long ago, in the largest unit that fits. `-` for never. */
export function age(timestamp: string | null, nowMs: number): string {
  if (timestamp === null) return '-';
  const ms = Math.max(0, nowMs - Date.parse(timestamp));
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)}s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}m`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)}h`;
  return `${Math.floor(ms / DAY_MS)}d`;
}

/** `350 ms`, `12.4 s`, `3m20s`: how long something took. */
export function took(fromTimestamp: string, toTimestamp: string): string {
  const ms = Math.max(0, Date.parse(toTimestamp) - Date.parse(fromTimestamp));
  if (ms < SECOND_MS) return `${ms} ms`;
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}m${Math.floor((ms % MINUTE_MS) / SECOND_MS)}s`;
  return `${Math.floor(ms / HOUR_MS)}h${Math.floor((ms % HOUR_MS) / MINUTE_MS)}m`;
}

/** `2026-11-21 07:32:46Z`: a moment for people, in UTC like the logs, and still a time that --since and --as-of read. */
export const moment = (timestamp: string | null): string =>
  timestamp === null ? '-' : `${timestamp.slice(0, 19).replace('T', ' ')}Z`;
