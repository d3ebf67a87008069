import type { Clock } from '@pilothouse/base';
import type { Log } from './log.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Longer text in one field is cut: a log line is for finding things, not for keeping them. */
const FIELD_CHARS_MAX = 4096;

export interface LogOptions {
  readonly level: LogLevel;
  /** json: one object a line, for machines. text: for a person at a terminal. */
  readonly format: 'json' | 'text';
  readonly clock: Pick<Clock, 'now'>;
  readonly write: (line: string) => void;
}

/** The log of a process: every line goes to one writer, at or above one level. */
export function createLog(options: LogOptions): Log {
  const lowest = LOG_LEVELS.indexOf(options.level);
  const at =
    (level: LogLevel) =>
    (text: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (LOG_LEVELS.indexOf(level) < lowest) return;
      const time = new Date(options.clock.now()).toISOString();
      const line = options.format === 'json' ? jsonLine : textLine;
      options.write(`${line({ time, level, text, fields })}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

interface Line {
  readonly time: string;
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function jsonLine({ time, level, text, fields }: Line): string {
  const head = { time, level, text };
  // In this order, so that a field cannot pass itself off as the text of the line, and the head is read first.
  return jsonOf({ ...head, ...fields, ...head });
}

/** What JSON leaves as it is and terminals obey or lines end at: C1 controls, line separators, changes of direction. */
const UNSEEN = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A line about trouble must not make more of it: what JSON cannot hold, such as a circle, is named instead. */
function jsonOf(value: unknown): string {
  try {
    const text = JSON.stringify(value, (_, inner: unknown) => printable(inner)) ?? 'undefined';
    return text.replace(UNSEEN, escaped);
  } catch (cause) {
    return JSON.stringify({ unprintable: cause instanceof Error ? cause.message : 'unknown' });
  }
}

function textLine({ time, level, text, fields }: Line): string {
  const parts = Object.entries(fields).map(([name, value]) => {
    // Text of a foreign host may hold line ends and escape sequences: JSON quoting keeps it on its line.
    return `${name}=${jsonOf(value)}`;
  });
  return [time.slice(11, 23), level.padEnd(5), text, ...parts].join(' ');
}

function printable(value: unknown): unknown {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? {} : { cause: value.cause };
    return { error: value.name, message: value.message, stack: value.stack, ...cause };
  }
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string' && value.length > FIELD_CHARS_MAX)
    return `${value.slice(0, FIELD_CHARS_MAX)}…`;
  return value;
}
