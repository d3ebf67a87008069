import { AppError, Mandate, type ParameterConstraint } from '@pilothouse/contract';
import { z } from 'zod';

export interface MandateWish {
  readonly title: string;
  readonly createdBy: string;
  readonly action: string;
  /** `unit=nginx.service`, `unit=a|b`, `unit~web@*.service`. */
  readonly parameters: readonly string[];
  /** Null: all hosts. */
  readonly hostIds: readonly string[] | null;
  readonly selector: string | undefined;
  readonly usesMax: number;
  readonly notBefore: string;
  readonly expiresAt: string;
  readonly isBreakGlass: boolean;
  readonly nonce: string;
}

/** The text that is signed. AppError CLI_VALUE_INVALID. */
export function writeMandate(wish: MandateWish): string {
  const { hostIds, selector, parameters, action, ...rest } = wish;
  const named = hostIds === null ? null : { kind: 'ids', ids: [...hostIds].sort() };
  return checkedMandate({
    version: 1,
    ...rest,
    actions: [{ action, parameters: Object.fromEntries(parameters.map(readConstraint)) }],
    hosts: named === null ? { kind: 'all' } : selector === undefined ? named : { ...named, selector },
  });
}

/** The same from a file of the person's own, nonce and times filled in where it leaves them out. */
export function checkedMandate(value: unknown): string {
  const parsed = Mandate.safeParse(value);
  if (parsed.success) return JSON.stringify(parsed.data);
  const [issue] = parsed.error.issues;
  throw new AppError('CLI_VALUE_INVALID', {
    value: issue?.path.join('.') ?? '',
    expected: issue?.message ?? '',
  });
}

/** A value is JSON where it reads as such (`["a"]`, `3`) and text otherwise; `|` between several, `~` before a pattern. */
export function readConstraint(word: string): [string, ParameterConstraint] {
  const match = /^([\p{L}\p{N}_-]{1,80})([=~])(.*)$/su.exec(word);
  const [, name, sign, value] = match ?? [];
  if (name === undefined || value === undefined)
    throw new AppError('CLI_VALUE_INVALID', {
      value: word,
      expected: 'name=value | name=a|b | name~pattern*',
    });
  if (sign === '~') return [name, { pattern: value }];
  if (/^[[{]/.test(value)) return [name, { equals: readJson(word, value) }];
  const values = value.split('|').map(readValue);
  const [first] = values;
  return [name, values.length === 1 && first !== undefined ? { equals: first } : { oneOf: values }];
}

function readJson(word: string, value: string): z.core.util.JSONType {
  try {
    return z.json().parse(JSON.parse(value));
  } catch (cause) {
    throw new AppError('CLI_VALUE_INVALID', { value: word, expected: 'name=["json"]' }, { cause });
  }
}

function readValue(text: string): string | number | boolean | null {
  if (!/^(true|false|null|-?\d{1,15}(\.\d{1,10})?)$/.test(text)) return text;
  return JSON.parse(text);
}
