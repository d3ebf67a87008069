import type { CliContext } from './cli-context.ts';
import { type Column, oneLine, renderTable } from './table.ts';
import { paint } from './terminal.ts';
import { padEnd, textWidth } from './text-width.ts';

const GAP = 2;

type Speaker = Pick<CliContext, 'terminal' | 'say' | 'isJson'>;

/**
 * JSON of a value, in which what terminals obey although JSON lets it stand (C1 controls, changes of direction) is written as
 * `\\u009b`: the same value to a program, and harmless to a person who looks.
 */
export const jsonText = (value: unknown, indent?: number): string =>
  String(JSON.stringify(value, null, indent)).replace(/[\p{Cc}\p{Bidi_Control}]/gu, (char) =>
    char === '\n' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** The value as the API gave it, indented: what --json prints. */
export const printJson = (context: Speaker, value: unknown): void =>
  context.terminal.write(`${jsonText(value, 2)}\n`);

/** A list: a table for people, an array for programs. */
export function printRows<Row>(
  context: Speaker,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  if (context.isJson) printJson(context, rows);
  else context.terminal.write(renderTable(context, columns, rows));
}

/** One record: `name: value` lines for people, the record itself for programs. */
export function printRecord(
  context: Speaker,
  record: unknown,
  lines: readonly (readonly [name: string, value: string])[],
): void {
  if (context.isJson) return printJson(context, record);
  const { terminal } = context;
  const width = Math.max(0, ...lines.map(([name]) => textWidth(name))) + GAP;
  for (const [name, value] of lines) {
    // Nothing is cut here: a record has room to run over, and an id that is cut cannot be copied.
    const text = `${padEnd(paint(terminal, 'bold', name), width)}${oneLine(value)}`;
    terminal.write(`${text.trimEnd()}\n`);
  }
}

/** Something said beside the result: on stderr, and not at all for programs. */
export function note(context: Speaker, text: string): void {
  if (!context.isJson) context.terminal.writeError(`${text}\n`);
}
