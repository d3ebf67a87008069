import { type CliContext, paint, plain, showPairs, stateName } from '@pilothouse/cli-kit';
import type { Message, PredictedHost } from '@pilothouse/contract';

/** Hosts that one block names; the rest are counted. */
const NAMES_MAX = 20;
/** Lines of changes on each side; --json has them all. */
const CHANGES_MAX = 20;

const WORDS = {
  matched: { en: 'as predicted', zh: '与预测一致' },
  differs: { en: 'differs', zh: '与预测不符' },
  'not-comparable': { en: 'not comparable', zh: '无法比较' },
  notRun: { en: 'not run yet', zh: '尚未执行' },
  predicted: { en: 'predicted:', zh: '预测：' },
  did: { en: 'did:', zh: '实际：' },
  nothing: { en: 'no change', zh: '无更改' },
  silent: { en: 'it did not say what it changes', zh: '未说明更改内容' },
  more: { en: 'and {count} more', zh: '另有 {count} 项' },
  others: { en: ', and {count} more', zh: '，另有 {count} 台' },
  because: { en: '{state}: {title}', zh: '{state}：{title}' },
} satisfies Record<string, Message>;

type Predicted = PredictedHost['actions'][number];

/** One action on one host. */
export interface PredictionRow extends Omit<PredictedHost, 'actions'> {
  readonly action: Predicted;
}

/** Hosts of which the same was predicted, and that did the same, are one block. */
export function printPredictions(context: CliContext, rows: readonly PredictionRow[]): void {
  const blocks = new Map<string, string[]>();
  for (const row of rows) {
    const text = blockOf(context, row);
    const names = blocks.get(text) ?? [];
    blocks.set(text, names);
    names.push(row.hostName);
  }
  for (const [text, names] of blocks) {
    const rest = names.length - NAMES_MAX;
    const shown = names.slice(0, NAMES_MAX).map(plain).join(', ');
    const others = rest > 0 ? context.say(WORDS.others, { count: rest }) : '';
    context.terminal.write(`${paint(context.terminal, 'bold', shown + others)}\n${text}`);
  }
}

function blockOf(context: CliContext, row: PredictionRow): string {
  const { say, terminal } = context;
  const { action, verdict, predicted, actual } = row.action;
  const colour = verdict === 'matched' ? 'green' : verdict === 'differs' ? 'red' : 'grey';
  const head = `  ${plain(action)}: ${paint(terminal, colour, say(WORDS[verdict ?? 'notRun']))}`;
  return [
    head,
    ...side(context, WORDS.predicted, predicted, row),
    ...(verdict === null ? [] : side(context, WORDS.did, actual, row.run)),
    '',
  ].join('\n');
}

/** What one side changes or would change, line by line; and how it ended, where that was not well. */
function side(
  context: CliContext,
  title: Message,
  changes: Predicted['predicted'],
  end: Pick<PredictionRow, 'state' | 'error'> | null,
): string[] {
  const { say } = context;
  const lines = (changes?.changes ?? []).slice(0, CHANGES_MAX).map(changeText);
  const rest = (changes?.count ?? 0) - lines.length;
  const how = end === null || end.state === 'succeeded' ? [] : [endText(context, end)];
  const none = changes === null ? (how.length > 0 ? [] : [say(WORDS.silent)]) : [say(WORDS.nothing)];
  const said = [
    ...(lines.length > 0 ? lines : none),
    ...(rest > 0 ? [say(WORDS.more, { count: rest })] : []),
  ];
  return [`    ${say(title)}`, ...[...said, ...how].map((line) => `      ${plain(line)}`)];
}

function endText(context: CliContext, { state, error }: Pick<PredictionRow, 'state' | 'error'>): string {
  const name = stateName(context, state);
  if (error === null) return name;
  return context.say(WORDS.because, {
    state: name,
    title: context.describe(error.code, error.details).title,
  });
}

/** `/etc/motd content: abc → def`, whatever names the thing that is changed; other shapes as pairs. */
function changeText(change: unknown): string {
  if (typeof change !== 'object' || change === null) return JSON.stringify(change);
  const { property, from, to, ...rest } = Object.fromEntries(Object.entries(change));
  if (typeof property !== 'string' || from === undefined || to === undefined)
    return showPairs(Object.fromEntries(Object.entries(change)));
  const subject = Object.values(rest).filter((value) => typeof value === 'string');
  return `${[...subject, property].join(' ')}: ${wordOf(from)} → ${wordOf(to)}`;
}

/** An empty text is nothing: what was there before a file was made. */
const wordOf = (value: unknown): string =>
  value === '' ? '-' : typeof value === 'string' ? value : JSON.stringify(value);
