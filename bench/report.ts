import { type Figure, holds, type Report } from './figure.ts';

const rounded = (value: number): string => {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
};

function cellsOf(figure: Figure): string[] {
  const { what, value, unit, budget, isFloor, peer, ratio } = figure;
  const verdict = holds(figure);
  return [
    what,
    `${rounded(value)} ${unit}`.trim(),
    budget === null ? '–' : `${isFloor === true ? '≥' : '≤'} ${budget} ${unit}`.trim(),
    verdict === null ? '' : verdict ? 'holds' : 'MISSED',
    peer ?? '',
    ratio === undefined ? '' : `× ${rounded(ratio)}`,
  ];
}

const HEAD = ['figure', 'value', 'budget', '', 'peer', 'ratio'];

/** The table of one benchmark, under its name, what it took, and the load of the machine in the last minute. */
export function tableOf(report: Report): string {
  const rows = [HEAD, ...report.figures.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd(),
  );
  const notes = (report.notes ?? []).map((note) => `  ! ${note}`);
  const { name, hosts, seconds } = report;
  const load = report.load.toFixed(2);
  return `\n${name}, ${hosts} hosts; took ${seconds} s; machine load ${load}\n${[...lines, ...notes].join('\n')}\n`;
}

/** As machines read it: `holds`, `peer` and `ratio` are null where there is nothing to say. */
export const jsonOf = (report: Report) => ({
  name: report.name,
  hosts: report.hosts,
  seconds: report.seconds,
  load: report.load,
  notes: report.notes ?? [],
  figures: report.figures.map((figure) => ({
    what: figure.what,
    value: figure.value,
    unit: figure.unit,
    budget: figure.budget,
    holds: holds(figure),
    peer: figure.peer ?? null,
    ratio: figure.ratio ?? null,
  })),
});
