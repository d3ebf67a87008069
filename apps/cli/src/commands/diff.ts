import {
  type CliContext,
  defineCommand,
  EXIT,
  type ExitCode,
  note,
  one,
  optionalOne,
  paint,
  parseMoment,
  plain,
  printJson,
  text,
} from '@pilothouse/cli-kit';
import type { Client } from '@pilothouse/client';
import { AppError, type FactDiff, type FactDifference, factsRoutes } from '@pilothouse/contract';

export const diffCommands = [
  defineCommand({
    path: 'diff',
    summary: {
      en: 'Compare facts of two hosts, or of one at two times',
      zh: '比较两台主机或同一主机不同时间的信息',
    },
    details: {
      en: 'Two hosts: diff HOST HOST [FACT]. One host at two times: diff HOST [FACT] --since TIME. Exit code 1 says that they differ.',
      zh: '两台主机：diff 主机 主机 [采集项]。同一主机的两个时间：diff 主机 [采集项] --since 时间。退出码 1 表示有差异。',
    },
    arguments: {
      host: one({ en: 'Host name or id', zh: '主机名或标识' }),
      other: optionalOne({
        en: 'Another host; with --since the fact',
        zh: '另一台主机；与 --since 连用时为采集项',
      }),
      fact: optionalOne({ en: 'Only this fact', zh: '仅该采集项' }),
    },
    options: {
      since: text({
        placeholder: 'TIME',
        about: { en: 'Against itself then: 2h, 2026-05-03', zh: '与自身该时刻比较：2h、2026-05-03' },
      }),
    },
    examples: [
      {
        line: 'pilothouse diff web-1 web-2 packages',
        about: { en: 'Which packages differ', zh: '比较软件包差异' },
      },
      {
        line: 'pilothouse diff web-1 --since 1d',
        about: { en: 'What changed since yesterday', zh: '昨天以来的变化' },
      },
    ],
    async run(context, { args, options }) {
      const client = await context.connect();
      const sides = sidesOf(args, options.since, context.clock.now());
      const facts = sides.fact === undefined ? await commonFacts(client, args.host) : [sides.fact];
      const diffs: FactDiff[] = [];
      for (const fact of facts) {
        const diff = await compare(client, fact, sides, sides.fact !== undefined);
        if (diff !== null) diffs.push(diff);
      }
      if (context.isJson) printJson(context, diffs);
      else for (const diff of diffs) printDiff(context, diff);
      return conclude(context, diffs);
    },
  }),
];

interface Sides {
  readonly left: string;
  readonly right: string;
  readonly fact: string | undefined;
}

interface Args {
  readonly host: string;
  readonly other: string | undefined;
  readonly fact: string | undefined;
}

function sidesOf(args: Args, since: string | undefined, nowMs: number): Sides {
  if (since !== undefined) {
    return { left: `${args.host}@${parseMoment(since, nowMs)}`, right: args.host, fact: args.other };
  }
  if (args.other === undefined) {
    throw new AppError('CLI_ARGUMENT_MISSING', { command: 'pilothouse diff', argument: 'HOST | --since' });
  }
  return { left: args.host, right: args.other, fact: args.fact };
}

async function commonFacts(client: Client, host: string): Promise<string[]> {
  const { items } = await client.call(factsRoutes.current, { params: { host } });
  return items.flatMap((span) => (span.report.kind === 'present' ? [span.fact] : []));
}

/** Null when one side never had the fact and all facts were asked for: there is nothing to compare. */
async function compare(
  client: Client,
  fact: string,
  sides: Sides,
  isOnly: boolean,
): Promise<FactDiff | null> {
  try {
    const query = { left: sides.left, right: sides.right };
    return await client.call(factsRoutes.diff, { params: { fact }, query });
  } catch (error) {
    const isAbsent =
      error instanceof AppError && ['FACT_NOT_REPORTED', 'FACT_BODY_MISSING'].includes(error.code);
    if (isAbsent && !isOnly) return null;
    throw error;
  }
}

const SIGNS = { added: ['+', 'green'], removed: ['-', 'red'], changed: ['~', 'yellow'] } as const;

function printDiff(context: CliContext, diff: FactDiff): void {
  if (diff.isSame) return;
  const { terminal } = context;
  const { fact, left, right } = diff;
  terminal.write(`${paint(terminal, 'bold', `${fact}: ${plain(left.label)} → ${plain(right.label)}`)}\n`);
  for (const item of diff.items) {
    const [sign, colour] = SIGNS[item.kind];
    terminal.write(
      `${paint(terminal, colour, `  ${sign} ${plain(item.path.join(' / '))}`)}${valuesText(item)}\n`,
    );
  }
  const hidden = diff.added + diff.removed + diff.changed - diff.items.length;
  if (hidden > 0)
    note(context, context.say({ en: '  … and {hidden} more', zh: '  ……另有 {hidden} 项' }, { hidden }));
}

const VALUE_CHARS_MAX = 120;
const short = (value: unknown): string => {
  const words = plain(typeof value === 'string' ? value : JSON.stringify(value));
  return words.length > VALUE_CHARS_MAX ? `${words.slice(0, VALUE_CHARS_MAX)}…` : words;
};

const valuesText = (item: FactDifference): string =>
  item.kind === 'changed'
    ? `: ${short(item.before)} → ${short(item.after)}`
    : `: ${short(item.after ?? item.before)}`;

function conclude(context: CliContext, diffs: readonly FactDiff[]): ExitCode {
  const different = diffs.filter((diff) => !diff.isSame).length;
  const words = { different, compared: diffs.length };
  note(
    context,
    context.say(
      { en: '{different} of {compared} facts differ', zh: '比较 {compared} 项，{different} 项不同' },
      words,
    ),
  );
  return different === 0 ? EXIT.ok : EXIT.someFailed;
}
