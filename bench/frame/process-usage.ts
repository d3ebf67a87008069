import { readdirSync, readFileSync } from 'node:fs';

/** Processes that this one started and that have not ended. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Files and connections that a process has open. */
export const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Private memory of a process in bytes: what would be free if it ended. */
export function privateBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].reduce(
    (sum, match) => sum + Number(match[1]) * 1024,
    0,
  );
}

export interface Traffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Bytes that a process has written and read so far, whatever to: for one that does little else than speak over sockets. */
export function traffic(pid: number): Traffic {
  const text = readFileSync(`/proc/${pid}/io`, 'utf8');
  const count = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { sentBytes: count('wchar'), receivedBytes: count('rchar') };
}

/** The kernel counts in hundredths of a second on every machine that node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time that a process has used, all threads together. */
export const cpuSeconds = (pid: number): number => ticksOf(pid, 11) / TICKS_PER_SECOND;

/** The same of its children that have ended, and of theirs. */
export const cpuSecondsOfChildren = (pid: number): number => ticksOf(pid, 13) / TICKS_PER_SECOND;

/** User and system time, side by side in fields 14 and 15, those of the children in 16 and 17. */
function ticksOf(pid: number, first: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; what follows it does not.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[first]) + Number(fields[first + 1]);
}
