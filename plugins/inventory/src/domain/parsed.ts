import { LINE_LENGTH_MAX, WORD_LENGTH_MAX } from '../contract.ts';

/**
 * What a parser made of foreign text. Parsers never throw: a line they do not know is counted, so that a new release of a
 * tool costs a number in a report and not the fact.
 */
export interface Parsed<T> {
  readonly value: T;
  readonly unknownLines: number;
}

/** Lines without their ends; carriage returns are dropped, the empty line after a final newline does not count. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Cuts to `lengthMax` UTF-16 units without leaving half a character, and makes lone surrogates valid text. */
export function clip(text: string, lengthMax: number): string {
  const cut = text.length > lengthMax ? text.slice(0, lengthMax) : text;
  return cut.isWellFormed() ? cut : cut.toWellFormed();
}

export const clipWord = (text: string): string => clip(text, WORD_LENGTH_MAX);
export const clipLine = (text: string): string => clip(text, LINE_LENGTH_MAX);

/** Null for text that says nothing. */
export function lineOrNull(text: string | null | undefined): string | null {
  const trimmed = (text ?? '').trim();
  return trimmed === '' ? null : clipLine(trimmed);
}

/** A whole number from decimal text, null when it is anything else or too large to be exact. */
export function integerOf(text: string | undefined): number | null {
  if (text === undefined || !/^-?\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
