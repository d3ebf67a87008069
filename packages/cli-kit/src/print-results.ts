/**
 * Results as they come, grouped: hosts that ended alike are one block, however many they are. The server groups; this keeps
 * what was printed, so that a group which grows later is one line more and not its whole output again.
 */
import type { ErrorDetails, Message, ResultGroup } from '@pilothouse/contract';
import { awaitsOutput } from './await-outputs.ts';
import type { CliContext } from './cli-context.ts';
import { type Colour, paint, plain } from './terminal.ts';

const NAMES_SHOWN = 8;

const WORDS = {
  hosts: { en: '{count} hosts', zh: '{count} 台主机' },
  one: { en: '1 host', zh: '1 台主机' },
  more: { en: '{count} more like [{number}]', zh: '另有 {count} 台与 [{number}] 相同' },
  exit: { en: 'exit code {exitCode}', zh: '退出码 {exitCode}' },
  others: { en: 'and {count} others', zh: '等，另有 {count} 台' },
  silent: { en: '(no output)', zh: '（无输出）' },
  cut: {
    en: '… {bytes} bytes more were dropped: the output passed its limit',
    zh: '……另有 {bytes} 字节被丢弃：输出超过上限',
  },
  hidden: {
    en: '… {count} characters more: pilothouse rollout output ID {host}',
    zh: '……另有 {count} 个字符：pilothouse rollout output ID {host}',
  },
  missing: {
    en: '(its output has not come: pilothouse rollout output ID {host})',
    zh: '（输出尚未送达：pilothouse rollout output ID {host}）',
  },
} satisfies Record<string, Message>;

const STATES: Readonly<Record<string, Message>> = {
  succeeded: { en: 'succeeded', zh: '成功' },
  failed: { en: 'failed', zh: '失败' },
  unknown: { en: 'unknown', zh: '结果未知' },
  skipped: { en: 'skipped', zh: '跳过' },
  cancelled: { en: 'cancelled', zh: '已取消' },
  expired: { en: 'expired', zh: '已过期' },
  pending: { en: 'pending', zh: '等待中' },
  offered: { en: 'offered', zh: '已下发' },
  running: { en: 'running', zh: '运行中' },
};

export const stateName = (context: Pick<CliContext, 'say'>, state: string): string => {
  const message = STATES[state];
  return message === undefined ? state : context.say(message);
};

export const stateColour = (state: string): Colour | null => {
  if (state === 'succeeded' || state === 'online') return 'green';
  if (['failed', 'unknown', 'halted', 'offline', 'quarantined', 'expired', 'rolled-back'].includes(state))
    return 'red';
  return [
    'running',
    'offered',
    'paused',
    'halting',
    'cancelling',
    'rolling-back',
    'awaiting-approval',
  ].includes(state)
    ? 'yellow'
    : null;
};

export interface ResultsPrinter {
  /** Prints what is new in these groups since the last call. Until the last, a group whose output is on its way waits. */
  print(groups: readonly ResultGroup[], isLast?: boolean): void;
}

const ENDS = ['succeeded', 'failed', 'unknown', 'skipped', 'cancelled', 'expired'];

/** `isOutputShown` false: only the heads, where the output was shown as it came. */
export function createResultsPrinter(
  context: CliContext,
  options: { readonly isOutputShown: boolean; readonly beforePrint?: () => void },
): ResultsPrinter {
  const printed = new Map<string, { number: number; hostsCount: number; names: Set<string> }>();
  return {
    print(groups, isLast = true) {
      for (const group of groups) {
        if (!ENDS.includes(group.state) || (!isLast && awaitsOutput(group))) continue;
        const key = JSON.stringify([group.state, group.exitCode, group.error, group.outputDigest]);
        const before = printed.get(key);
        const added = group.hostsCount - (before?.hostsCount ?? 0);
        if (added <= 0) continue;
        options.beforePrint?.();
        const number = before?.number ?? printed.size + 1;
        const names = group.hostNames.filter((name) => before?.names.has(name) !== true);
        const head = headOf(context, group, { number, added, names, isNew: before === undefined });
        context.terminal.write(head);
        if (before === undefined) {
          context.terminal.write(
            options.isOutputShown ? outputOf(context, group) : droppedOf(context, group),
          );
        }
        printed.set(key, { number, hostsCount: group.hostsCount, names: new Set(group.hostNames) });
      }
    },
  };
}

function headOf(
  context: CliContext,
  group: ResultGroup,
  what: { number: number; added: number; names: readonly string[]; isNew: boolean },
): string {
  const { say, terminal } = context;
  const { number, added, names, isNew } = what;
  const count = isNew
    ? say(added === 1 ? WORDS.one : WORDS.hosts, { count: added })
    : say(WORDS.more, { count: added, number });
  const exit = group.exitCode === null || group.exitCode === 0 ? '' : `, ${say(WORDS.exit, group)}`;
  const state = paint(terminal, stateColour(group.state) ?? 'grey', stateName(context, group.state) + exit);
  const shown = names.slice(0, NAMES_SHOWN).map(plain).join(', ');
  const rest = added - Math.min(names.length, NAMES_SHOWN);
  const others = rest > 0 ? ` ${say(WORDS.others, { count: rest })}` : '';
  const lines = [`${paint(terminal, 'bold', `[${number}] ${count}`)} ${state}: ${shown}${others}`];
  if (isNew && group.error !== null) {
    const { title, hint } = context.describe(group.error.code, group.error.details);
    lines.push(`    ${plain(title)} (${group.error.code})`);
    const cause = causeOf(group.error.details);
    if (cause !== null) lines.push(`    ${plain(context.describe(cause.code, cause.details).title)}`);
    if (hint !== '') lines.push(`    ${plain(hint)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** An error that came of another, as a failed undo does of its action's, brings that one along. */
export function causeOf({ code, cause }: ErrorDetails): { code: string; details: ErrorDetails } | null {
  if (typeof code !== 'string' || typeof cause !== 'object' || cause === null) return null;
  return { code, details: Object.fromEntries(Object.entries(cause)) };
}

function outputOf(context: CliContext, group: ResultGroup): string {
  const { say, terminal } = context;
  if (group.preview === null) return missingOf(context, group);
  const { stdout, stderr, hiddenChars } = group.preview;
  const host = group.hostNames[0] ?? '';
  const indent = (text: string): string[] =>
    text === ''
      ? []
      : plain(text)
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => `    ${line}`);
  const lines = [
    ...indent(stdout),
    ...indent(stderr).map((line) => paint(terminal, 'yellow', line)),
    ...(hiddenChars > 0
      ? [paint(terminal, 'grey', `    ${say(WORDS.hidden, { count: hiddenChars, host })}`)]
      : []),
  ];
  if (lines.length === 0) lines.push(paint(terminal, 'grey', `    ${say(WORDS.silent)}`));
  return `${lines.join('\n')}\n${droppedOf(context, group)}`;
}

/** Also where the output was shown as it came: a reader must not take a part for the whole. */
function droppedOf(context: CliContext, group: ResultGroup): string {
  const { say, terminal } = context;
  const { preview } = group;
  if (preview === null) return missingOf(context, group);
  if (preview.cutBytes === 0) return '';
  return `${paint(terminal, 'grey', `    ${say(WORDS.cut, { bytes: preview.cutBytes })}`)}\n`;
}

function missingOf({ say, terminal }: CliContext, group: ResultGroup): string {
  if (!awaitsOutput(group)) return '';
  const host = group.hostNames[0] ?? '';
  return `${paint(terminal, 'grey', `    ${say(WORDS.missing, { host })}`)}\n`;
}
