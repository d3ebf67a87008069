import type { Message } from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';
import { type Colour, paint, plain } from './terminal.ts';
import { padEnd, padStart, textWidth, truncate } from './text-width.ts';

export interface Column<Row> {
  readonly title: Message;
  readonly value: (row: Row) => string;
  readonly align?: 'end';
  /** Never cut: an id, which is there to be copied. */
  readonly isKeptWhole?: boolean;
  readonly colour?: (row: Row) => Colour | null;
}

const GAP = 2;
/** Narrower than this a column says nothing; rather let lines run over the edge. */
const COLUMN_WIDTH_MIN = 6;

/**
 * Rows as aligned text. On a terminal the widest columns give way until the line fits; in a pipe nothing is cut, so that
 * `| grep` and `| awk` see whole values. An empty table is one line that says so.
 */
export function renderTable<Row>(
  context: Pick<CliContext, 'terminal' | 'say'>,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const { terminal } = context;
  if (rows.length === 0) return `${paint(terminal, 'grey', context.say(NOTHING))}\n`;
  const titles = columns.map((column) => context.say(column.title));
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row))));
  const widths = fitWidths(
    titles.map((title, i) => Math.max(textWidth(title), ...cells.map((line) => textWidth(line[i] ?? '')))),
    terminal.isOutputTty ? terminal.columns : Number.POSITIVE_INFINITY,
    columns.map((column) => column.isKeptWhole === true),
  );
  const layOut = (line: readonly string[], tint: (i: number, cell: string) => string): string =>
    columns
      .map((column, i) => {
        const width = widths[i] ?? 0;
        const cell = truncate(line[i] ?? '', width);
        if (column.align === 'end') return padStart(tint(i, cell), width);
        return i === columns.length - 1 ? tint(i, cell) : padEnd(tint(i, cell), width);
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  const head = layOut(titles, (_, cell) => paint(terminal, 'bold', cell));
  const body = rows.map((row, r) =>
    layOut(cells[r] ?? [], (i, cell) => {
      const colour = columns[i]?.colour?.(row) ?? null;
      return colour === null ? cell : paint(terminal, colour, cell);
    }),
  );
  return `${[head, ...body].join('\n')}\n`;
}

const NOTHING: Message = { en: '(none)', zh: '（无）' };

export const oneLine = (text: string): string =>
  plain(text)
    .replace(/\s*\n\s*/g, ' ⏎ ')
    .replaceAll('\t', ' ');

/** Takes columns from the widest that may be cut until the sum fits. */
function fitWidths(wanted: readonly number[], columns: number, isKept: readonly boolean[]): number[] {
  const widths = [...wanted];
  const room = columns - GAP * (widths.length - 1);
  let over = widths.reduce((sum, width) => sum + width, 0) - room;
  while (over > 0) {
    const open = widths.filter((_, i) => isKept[i] !== true);
    const widest = Math.max(0, ...open);
    if (widest <= COLUMN_WIDTH_MIN) break;
    const next = Math.max(COLUMN_WIDTH_MIN, ...open.filter((width) => width < widest));
    const index = widths.findIndex((width, i) => width === widest && isKept[i] !== true);
    const step = Math.max(1, Math.min(over, widest - next));
    widths[index] = widest - step;
    over -= step;
  }
  return widths;
}
