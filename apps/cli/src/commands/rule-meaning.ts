import { type CliContext, moment, namesOf } from '@pilothouse/cli-kit';
import type { FreezeView, Message, WindowView } from '@pilothouse/contract';

const WORDS = {
  covers: { en: 'covers', zh: '覆盖' },
  nobody: { en: 'no host now', zh: '当前没有主机' },
  hosts: { en: '{count} {count:host|hosts}: {names}', zh: '{count} 台主机：{names}' },
  undetermined: {
    en: '; undecided for {count} {count:host|hosts}, which {count:is|are} held closed',
    zh: '；另有 {count} 台无法判定，按不可变更处理',
  },
  now: { en: 'on now', zh: '当前生效' },
  next: { en: 'next', zh: '接下来' },
  until: { en: 'now – {to}', zh: '现在 – {to}' },
  never: { en: 'never again', zh: '不再出现' },
  madeBy: { en: 'made by', zh: '创建者' },
  changedBy: { en: 'changed by', zh: '修改者' },
} satisfies Record<string, Message>;

/** What a window or a freeze means at this moment: whom it covers, when it holds next, who made and who changed it. */
export function ruleMeaning(
  { say }: Pick<CliContext, 'say'>,
  rule: Pick<
    WindowView & FreezeView,
    | 'isOn'
    | 'next'
    | 'hosts'
    | 'hostsCount'
    | 'undeterminedCount'
    | 'madeBy'
    | 'madeAt'
    | 'changedBy'
    | 'changedAt'
  >,
): [string, string][] {
  const { hostsCount: count, madeBy, madeAt, changedBy, changedAt } = rule;
  const covered =
    count === 0 ? say(WORDS.nobody) : say(WORDS.hosts, { count, names: namesOf(rule.hosts, count) });
  const undecided =
    rule.undeterminedCount === 0 ? '' : say(WORDS.undetermined, { count: rule.undeterminedCount });
  const times = rule.next.map(({ from, to }, index) =>
    rule.isOn && index === 0 ? say(WORDS.until, { to: moment(to) }) : `${moment(from)} – ${moment(to)}`,
  );
  return [
    [say(WORDS.covers), covered + undecided],
    ...(times.length === 0 ? [say(WORDS.never)] : times).map((time, index): [string, string] => [
      index > 0 ? '' : say(rule.isOn ? WORDS.now : WORDS.next),
      time,
    ]),
    ...(madeBy === undefined ? [] : [said(say(WORDS.madeBy), madeBy, madeAt)]),
    ...(madeAt === changedAt ? [] : [said(say(WORDS.changedBy), changedBy, changedAt)]),
  ];
}

const said = (what: string, who: string, at: string | undefined): [string, string] => [
  what,
  at === undefined ? who : `${who}, ${moment(at)}`,
];
