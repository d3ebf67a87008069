import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';

/** A century: more is a slip, and added to a time it leaves the calendar. */
const DURATION_MS_MAX = 36_525 * DAY_MS;

const UNITS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** `90s`, `15m`, `1h30m`, `7d` in milliseconds; AppError CLI_VALUE_INVALID for anything else, a bare number included. */
export function parseDuration(text: string): number {
  if (!/^(\d{1,9}[smhd])+$/.test(text)) {
    throw new AppError('CLI_VALUE_INVALID', { value: text, expected: '90s | 15m | 2h | 7d' });
  }
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhd])/g)) {
    totalMs += Number(count) * (UNITS[unit ?? ''] ?? 0);
  }
  if (totalMs > DURATION_MS_MAX)
    throw new AppError('CLI_VALUE_INVALID', { value: text, expected: '≤ 36525d' });
  return totalMs;
}

/** `now-90s` style and plain durations count back from now; anything else must be an ISO time. Returns ISO in UTC. */
export function parseMoment(text: string, nowMs: number): string {
  if (/^(\d+[smhd])+$/.test(text)) return new Date(nowMs - parseDuration(text)).toISOString();
  const ms = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(ms)) {
    throw new AppError('CLI_VALUE_INVALID', {
      value: text,
      expected: '2026-01-31T08:00:00Z | 2026-01-31 | 2h',
    });
  }
  return new Date(ms).toISOString();
}
