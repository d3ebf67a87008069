/** How people say when something recurs: windows, freezes, schedules, and the windows of a plan. */
import { HOUR_MS, MINUTE_MS } from '@pilothouse/base';
import { AppError, PlanWindow } from '@pilothouse/contract';
import { text } from './options.ts';
import { parseDuration } from './parse-duration.ts';

export const recurrenceOptions = {
  rule: text({
    placeholder: 'RRULE',
    about: { en: 'RFC 5545: FREQ=WEEKLY;BYDAY=SA', zh: 'RFC 5545 规则：FREQ=WEEKLY;BYDAY=SA' },
  }),
  zone: text({ placeholder: 'ZONE', about: { en: 'Time zone: Asia/Shanghai', zh: '时区：Asia/Shanghai' } }),
  start: text({
    placeholder: 'TIME',
    about: {
      en: 'Local time that the rule counts from: 2026-01-03T22:00',
      zh: '规则起始的当地时间：2026-01-03T22:00',
    },
  }),
};

/** Seconds need not be typed. */
export const fullStart = (start: string): string => (/T\d\d:\d\d$/.test(start) ? `${start}:00` : start);

/** `4h`, `1h30m`: as durations are given. */
export function showDuration(ms: number): string {
  const hours = Math.floor(ms / HOUR_MS);
  const minutes = Math.round((ms % HOUR_MS) / MINUTE_MS);
  return [...(hours > 0 ? [`${hours}h`] : []), ...(minutes > 0 || hours === 0 ? [`${minutes}m`] : [])].join(
    '',
  );
}

const EXPECTED = "'FREQ=WEEKLY;BYDAY=SA 2026-01-03T22:00 4h Europe/Berlin' (RULE START FOR ZONE)";

/** A window of a plan in one word for the shell: `FREQ=DAILY 2026-01-03T22:00 4h Europe/Berlin`. AppError CLI_VALUE_INVALID. */
export function windowOf(said: string): PlanWindow {
  const [rrule, start = '', length = '', timeZone, ...more] = said.trim().split(/\s+/);
  const parsed = PlanWindow.safeParse({
    rrule: rrule?.replace(/^RRULE:/, ''),
    start: fullStart(start),
    durationMs: /^(\d{1,9}[smhd])+$/.test(length) ? parseDuration(length) : null,
    timeZone,
  });
  if (!parsed.success || more.length > 0)
    throw new AppError('CLI_VALUE_INVALID', { value: said, expected: EXPECTED });
  return parsed.data;
}

/** `FREQ=DAILY 2026-01-03T22:00 4h Europe/Berlin`: as it is given. */
export const windowText = ({ rrule, start, durationMs, timeZone }: PlanWindow): string =>
  `${rrule} ${start.replace(/:00$/, '')} ${showDuration(durationMs)} ${timeZone}`;
