import { AppError, type Message } from '@pilothouse/contract';
import type { ArgumentSpec, OptionSpec } from './command-spec.ts';
import { parseDuration } from './parse-duration.ts';

interface Look {
  readonly short?: string;
  readonly placeholder?: string;
  readonly about: Message;
}

/** `--follow`. */
export const flag = (look: Omit<Look, 'placeholder'>): OptionSpec<boolean> => ({
  ...look,
  takes: 'nothing',
  parse: (raw) => raw.length > 0,
});

/** `--selector EXPR`; undefined when it is not given, the last one when it is given twice. */
export const text = (look: Look): OptionSpec<string | undefined> => ({
  ...look,
  takes: 'value',
  parse: (raw) => raw.at(-1),
});

/** `--group PATH --group PATH`. */
export const list = (look: Look): OptionSpec<readonly string[]> => ({
  ...look,
  takes: 'values',
  parse: (raw) => raw,
});

export const choice = <const C extends string>(
  choices: readonly C[],
  look: Look,
): OptionSpec<C | undefined> => ({
  ...look,
  takes: 'value',
  choices,
  parse(raw) {
    const given = raw.at(-1);
    if (given === undefined) return undefined;
    const found = choices.find((one) => one === given);
    if (found === undefined) throw invalid(given, choices.join(' | '));
    return found;
  },
});

export const integer = (look: Look & { min: number; max: number }): OptionSpec<number | undefined> => ({
  ...look,
  takes: 'value',
  parse(raw) {
    const given = raw.at(-1);
    if (given === undefined) return undefined;
    const value = Number(given);
    const { min, max } = look;
    if (!/^-?\d+$/.test(given) || value < min || value > max) throw invalid(given, `${min} … ${max}`);
    return value;
  },
});

/** `90s`, `15m`, `2h`, `7d`, in milliseconds. */
export const duration = (look: Look): OptionSpec<number | undefined> => ({
  placeholder: '15m',
  ...look,
  takes: 'value',
  parse(raw) {
    const given = raw.at(-1);
    return given === undefined ? undefined : parseDuration(given);
  },
});

export const one = (about: Message, choices?: readonly string[]): ArgumentSpec<string> => ({
  takes: 'one',
  about,
  ...(choices === undefined ? {} : { choices }),
  parse(raw) {
    const given = raw[0] ?? '';
    if (choices !== undefined && !choices.includes(given)) throw invalid(given, choices.join(' | '));
    return given;
  },
});

export const optionalOne = (about: Message): ArgumentSpec<string | undefined> => ({
  takes: 'optional',
  about,
  parse: (raw) => raw[0],
});

export const rest = (about: Message): ArgumentSpec<readonly string[]> => ({
  takes: 'rest',
  about,
  parse: (raw) => raw,
});

const invalid = (value: string, expected: string): AppError =>
  new AppError('CLI_VALUE_INVALID', { value, expected });
