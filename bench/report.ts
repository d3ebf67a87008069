import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Null: printed for what it is. */
  readonly budget: number | null;
  /** A budget is a ceiling, unless it says otherwise. */
  readonly isFloor?: boolean;
}

export interface Report {
  readonly name: string;
  readonly hosts: number;
  readonly figures: readonly Figure[];
}

const holds = (figure: Figure): boolean | null =>
  figure.budget === null
    ? null
    : figure.isFloor === true
      ? figure.value >= figure.budget
      : figure.value <= figure.budget;

const rounded = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2));

/** Prints figure, budget and whether it holds, with the load of the machine; writes the same as JSON when asked. */
export function printReport(report: Report, jsonFile: string | undefined): void {
  const rows = report.figures.map((figure) => {
    const verdict = holds(figure);
    return [
      figure.what,
      `${rounded(figure.value)} ${figure.unit}`,
      figure.budget === null ? '–' : `${figure.isFloor === true ? '≥' : '≤'} ${figure.budget} ${figure.unit}`,
      verdict === null ? '' : verdict ? 'holds' : 'MISSED',
    ];
  });
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  process.stdout.write(`\n${report.name}, ${report.hosts} hosts; load ${loadavg()[0]?.toFixed(2)}\n`);
  for (const row of rows) {
    process.stdout.write(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`);
  }
  if (jsonFile === undefined) return;
  const figures = report.figures.map((figure) => ({ ...figure, holds: holds(figure) }));
  writeFileSync(jsonFile, `${JSON.stringify({ ...report, figures }, null, 2)}\n`);
}
