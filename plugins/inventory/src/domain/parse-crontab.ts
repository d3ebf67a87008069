import type { ScheduledCommand, ScheduledTimer } from '../contract.ts';
import { sortedBy, sortedUnique } from './canonical-order.ts';
import { clip, clipWord, linesOf, type Parsed } from './parsed.ts';
import { redactCommandLine } from './redact-command-line.ts';

const COMMAND_LENGTH_MAX = 1024;

const commandOf = (text: string): string => clip(redactCommandLine(text.trim()), COMMAND_LENGTH_MAX);

/** crontab(5). `hasUser`: /etc/crontab and cron.d name the user in each line; else it is `user`. */
export function parseCrontab(
  text: string,
  table: { file: string; hasUser: boolean; user: string | null },
): Parsed<ScheduledCommand[]> {
  const value: ScheduledCommand[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    if (line.trim() === '' || line.trim().startsWith('#') || /^\s*["']?[A-Za-z_]\w*["']?\s*=/.test(line))
      continue;
    const match = /^\s*(@\w+|[\d*/,?A-Za-z-]+(?:\s+[\d*/,?#LWA-Za-z-]+){4})\s+(\S.*)$/.exec(line);
    const [, schedule, rest = ''] = match ?? [];
    const [, user, command] = table.hasUser ? (/^(\S+)\s+(.*)$/.exec(rest) ?? []) : ['', table.user, rest];
    if (schedule === undefined || !command) unknownLines += 1;
    else {
      value.push({
        file: table.file,
        schedule: clipWord(schedule.replace(/\s+/g, ' ')),
        user: user === null || user === undefined ? null : clipWord(user),
        command: commandOf(command),
      });
    }
  }
  return { value, unknownLines };
}

/** anacrontab(5): period in days or @name, delay, job id, command. */
export function parseAnacrontab(text: string, file: string): Parsed<ScheduledCommand[]> {
  const value: ScheduledCommand[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    if (line.trim() === '' || line.trim().startsWith('#') || /^\s*\w+\s*=/.test(line)) continue;
    const match = /^\s*(@\w+|\d+)\s+\d+\s+\S+\s+(\S.*)$/.exec(line);
    if (match === null) unknownLines += 1;
    else {
      value.push({
        file,
        schedule: clipWord(`anacron ${match[1]}`),
        user: 'root',
        command: commandOf(match[2] ?? ''),
      });
    }
  }
  return { value, unknownLines };
}

export const sortCommands = (commands: readonly ScheduledCommand[]): ScheduledCommand[] =>
  sortedBy(
    commands,
    (c) => c.file,
    (c) => c.schedule,
    (c) => c.user ?? '',
    (c) => c.command,
  );

/**
 * `systemctl show '*.timer' -p Id,Unit,TimersCalendar,TimersMonotonic`: blocks of properties. Each trigger also carries
 * when it elapses next, which ticks and is dropped.
 */
export function parseTimers(text: string): Parsed<ScheduledTimer[]> {
  const timers: ScheduledTimer[] = [];
  let unknownLines = 0;
  for (const block of text.split(/\n\s*\n/)) {
    let [unit, activates] = ['', ''];
    const triggers: string[] = [];
    for (const line of linesOf(block)) {
      const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (key === 'Id') unit = value;
      else if (key === 'Unit') activates = value;
      else if (key === 'TimersCalendar' || key === 'TimersMonotonic') triggers.push(...triggersIn(value));
      else if (line.trim() !== '') unknownLines += 1;
    }
    if (unit !== '') {
      timers.push({
        unit: clipWord(unit),
        activates: clipWord(activates),
        triggers: sortedUnique(triggers.map(clipWord)),
      });
    }
  }
  return { value: sortedBy(timers, (t) => t.unit), unknownLines };
}

/** `{ OnCalendar=*-*-* 06:00:00 ; next_elapse=… }`, one or several. */
function triggersIn(value: string): string[] {
  return [...value.matchAll(/\{ ((?:On\w+)=[^;}]*?)\s*;/g)].map((match) => match[1] ?? '');
}
