import type { ProcessGroup } from '../contract.ts';
import { sortedBy } from './canonical-order.ts';
import { clip, clipWord, integerOf } from './parsed.ts';
import { redactArguments } from './redact-command-line.ts';

const COMMAND_LINE_LENGTH_MAX = 1024;
/** USER_HZ: the unit of times in /proc, 100 on every architecture we run on. */
const TICKS_PER_SECOND = 100;

export interface ProcessStat {
  readonly name: string;
  readonly state: string;
  readonly parentPid: number;
  /** Seconds after boot. */
  readonly startSeconds: number;
}

/** /proc/PID/stat; null when it is not one. The name is in parentheses and may hold any character, these included. */
export function parseProcStat(text: string): ProcessStat | null {
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')];
  if (open < 0 || close < open) return null;
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ');
  // Field 3 of proc(5) is the first after the name.
  const [state, parentPid, startTicks] = [fields[0], integerOf(fields[1]), integerOf(fields[19])];
  if (!state || parentPid === null || startTicks === null) return null;
  return {
    name: clipWord(text.slice(open + 1, close)),
    state,
    parentPid,
    startSeconds: startTicks / TICKS_PER_SECOND,
  };
}

/** /proc/PID/cmdline as one line for people, secrets masked. A title that a program wrote over it loses its numbers. */
export function commandLineOf(cmdline: string): string {
  const args = cmdline.replace(/\0+$/, '').split('\0');
  const isTitle = args.length === 1 && /^[\w.-]+: /.test(args[0] ?? '');
  const line = redactArguments(args).join(' ').replace(/\s+/g, ' ').trim();
  return clip(isTitle ? line.replace(/\d+/g, '#') : line, COMMAND_LINE_LENGTH_MAX);
}

/** /proc/PID/status: the effective user's id. */
export function userIdOf(status: string): number | null {
  return integerOf(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]);
}

/** Alike processes as one entry with their number rounded down to a power of two. */
export function groupProcesses(processes: readonly Omit<ProcessGroup, 'instancesMin'>[]): ProcessGroup[] {
  const counts = new Map<string, { process: Omit<ProcessGroup, 'instancesMin'>; count: number }>();
  for (const process of processes) {
    const key = JSON.stringify([process.name, process.commandLine, process.user, process.unit]);
    const entry = counts.get(key) ?? { process, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  const groups = [...counts.values()].map(({ process, count }) => ({
    ...process,
    instancesMin: 2 ** Math.floor(Math.log2(count)),
  }));
  return sortedBy(
    groups,
    (p) => p.name,
    (p) => p.commandLine,
    (p) => p.user,
    (p) => p.unit ?? '',
  );
}
