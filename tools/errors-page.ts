/** docs/errors.md: every code that somebody can meet, from the tables that the programs themselves use. */
import { cliErrors } from '@pilothouse/cli-kit';
import { clientErrors } from '@pilothouse/client';
import {
  agentCommandErrors,
  agentErrors,
  type ErrorTable,
  gatewayErrors,
  rolloutCauseErrors,
} from '@pilothouse/contract';
import { kernelDeclarations } from '@pilothouse/kernel';
import { commandErrors, scriptErrors } from '@pilothouse/plugin-commands/contract';
import { storeErrors } from '@pilothouse/store';
import { exitCodes, serverErrors } from '../apps/server/src/server-errors.ts';

interface Section {
  readonly title: string;
  readonly intro: string;
  readonly table: ErrorTable;
  readonly column: { readonly name: string; readonly of: (code: string) => string };
}

const status = (table: ErrorTable) => ({
  name: 'status',
  of: (code: string) => String(table[code]?.status ?? ''),
});

const without = (table: ErrorTable, ...others: readonly ErrorTable[]): ErrorTable =>
  Object.fromEntries(
    Object.entries(table).filter(([code]) => others.every((other) => other[code] === undefined)),
  );

function sections(): Section[] {
  const starting: ErrorTable = { ...serverErrors, ...storeErrors };
  const outcomes: ErrorTable = { ...agentErrors, ...commandErrors };
  const answers = without(
    { ...kernelDeclarations.errors, ...scriptErrors },
    starting,
    outcomes,
    rolloutCauseErrors,
    gatewayErrors,
  );
  const onHost: ErrorTable = agentCommandErrors;
  const onTerminal: ErrorTable = { ...cliErrors, ...clientErrors };
  return [
    {
      title: 'Answers of the API',
      intro:
        'In the `code` of a problem response, and on the terminal after `code:`. `{…}` is filled in by the server.',
      table: answers,
      column: status(answers),
    },
    {
      title: 'Command line',
      intro: 'Said by `pilothouse` itself; its exit codes are in [cli.md](cli.md).',
      table: onTerminal,
      column: { name: 'retry', of: (code) => onTerminal[code]?.retry ?? '' },
    },
    {
      title: 'Start of the server',
      intro:
        'The server refuses to start, or its store refuses work, with one of these; `exit` is its exit code.',
      table: starting,
      column: { name: 'exit', of: (code) => String(exitCodes[code] ?? 1) },
    },
    {
      title: 'Outcomes of tasks',
      intro: 'Why an agent refused a task, or how it ended other than by success.',
      table: outcomes,
      column: { name: 'retry', of: (code) => outcomes[code]?.retry ?? '' },
    },
    {
      title: 'States of rollouts and tasks',
      intro:
        'Why a rollout or a task is in its state, and what a rollout waits for (`pilothouse rollout explain`).',
      table: rolloutCauseErrors,
      column: { name: '', of: () => '' },
    },
    {
      title: 'Agent on the host',
      intro: 'Said by `pilothouse-agent`, on the terminal or in its journal.',
      table: onHost,
      column: { name: 'retry', of: (code) => onHost[code]?.retry ?? '' },
    },
    {
      title: 'Gateway',
      intro: 'What agents are told by the gateway; they are in the log of the agent.',
      table: gatewayErrors,
      column: status(gatewayErrors),
    },
  ];
}

export function errorsPage(): string {
  const lines = [
    '# Errors',
    '',
    'Every refusal has a code that never changes its meaning, one sentence, and a next step, in English and Chinese. Programs match on the',
    'code, never on the text. `retry` says whether the same thing may succeed later: `later`, `after-change`, or `never`.',
    '',
    'This page is generated: `npm run golden`.',
  ];
  for (const section of sections()) {
    lines.push('', `## ${section.title}`, '', section.intro, '');
    lines.push(`| code | ${section.column.name} | what | next step |`, '| --- | --- | --- | --- |');
    for (const code of Object.keys(section.table).sort()) {
      const row = section.table[code];
      if (row === undefined) continue;
      const cells = [`\`${code}\``, section.column.of(code), row.title.en, row.hint.en];
      lines.push(`| ${cells.map(cell).join(' | ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
