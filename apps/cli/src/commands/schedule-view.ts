import { type CliContext, type Column, moment, printRecord, targetText } from '@pilothouse/cli-kit';
import {
  canonicalJson,
  type Message,
  type Occurrence,
  type OccurrenceState,
  type Schedule,
} from '@pilothouse/contract';
import { actionsLines } from './step-view.ts';

const WORDS = {
  paused: { en: 'paused', zh: '已暂停' },
  never: { en: 'never again', zh: '不再执行' },
  does: { en: 'At each occurrence', zh: '每次执行' },
};

const STATES: Readonly<Record<OccurrenceState, Message>> = {
  due: { en: 'due', zh: '到期' },
  planned: { en: 'planned', zh: '已制定计划' },
  started: { en: 'started', zh: '已启动' },
  skipped: { en: 'skipped', zh: '已跳过' },
  missed: { en: 'missed', zh: '已错过' },
  failed: { en: 'failed', zh: '失败' },
};

/** How an occurrence ended, in one line. */
export function outcomeOf(context: CliContext, occurrence: Occurrence | null): string {
  if (occurrence === null) return '-';
  const { cause, rolloutId } = occurrence;
  const state = context.say(STATES[occurrence.state]);
  if (cause !== null) return `${state}: ${context.describe(cause.code, cause.details).title}`;
  return rolloutId === null ? state : `${state} ${rolloutId}`;
}

export const nextOf = (context: CliContext, { isPaused, next }: Schedule): string =>
  isPaused ? context.say(WORDS.paused) : next[0] === undefined ? context.say(WORDS.never) : moment(next[0]);

export const historyColumns = (context: CliContext): Column<Occurrence>[] => [
  { title: { en: 'DUE', zh: '应执行' }, value: (occurrence) => moment(occurrence.dueAt) },
  { title: { en: 'BY', zh: '发起' }, value: (occurrence) => occurrence.askedBy ?? '-' },
  { title: { en: 'OUTCOME', zh: '结果' }, value: (occurrence) => outcomeOf(context, occurrence) },
];

/** All that an approval of its terms binds, the parameters of its actions included. */
export function printSchedule(context: CliContext, schedule: Schedule, isFull = false): void {
  const { say } = context;
  const { recurrence, template, approvals } = schedule;
  printRecord(context, schedule, [
    [say({ en: 'name', zh: '名称' }), schedule.name],
    [say({ en: 'does', zh: '内容' }), template.title],
    [say({ en: 'on', zh: '目标' }), targetText(context, template.target)],
    [say({ en: 'rule', zh: '规则' }), `${recurrence.rrule} ${recurrence.start} ${recurrence.timeZone}`],
    [say({ en: 'hosts at most', zh: '主机上限' }), String(schedule.hostsMax)],
    [say({ en: 'missed ones', zh: '错过时' }), schedule.missed],
    [say({ en: 'owner', zh: '所有者' }), schedule.owner],
    [
      say({ en: 'approvals', zh: '批准' }),
      `${approvals.given.length}/${approvals.required} ${approvals.given.join(', ')}`.trim(),
    ],
    ...(schedule.mandateId === null
      ? []
      : [[say({ en: 'mandate', zh: '授权书' }), schedule.mandateId] as const]),
    ...(Object.keys(template.strategy).length === 0
      ? []
      : [[say({ en: 'strategy', zh: '策略' }), canonicalJson(template.strategy)] as const]),
    [say({ en: 'terms', zh: '条款摘要' }), schedule.termsDigest],
    [
      say({ en: 'next', zh: '下次' }),
      schedule.isPaused ? say(WORDS.paused) : schedule.next.map(moment).join(', ') || say(WORDS.never),
    ],
    [say({ en: 'last', zh: '上次' }), outcomeOf(context, schedule.last)],
  ]);
  if (context.isJson) return;
  const lines = [say(WORDS.does), ...actionsLines(context, template.actions, isFull)];
  context.terminal.write(`${lines.join('\n')}\n`);
}
