import type { Message, PlanPreview } from '@pilothouse/contract';
import { moment } from './ages.ts';
import type { CliContext } from './cli-context.ts';

const NAMES_SHOWN = 6;

/** A few names, and how many there are in all. */
export const namesOf = (hosts: readonly { readonly hostName: string }[], count: number): string => {
  const names = hosts.slice(0, NAMES_SHOWN).map((host) => host.hostName);
  return names.join(', ') + (count > names.length ? `, … (${count})` : '');
};

const WORDS = {
  closed: {
    en: 'Closed now by the {kind} {name} on {hosts}{opens}',
    zh: '当前被{kind} {name} 关闭：{hosts}{opens}',
  },
  opens: { en: '; open from {at}', zh: '；{at} 起开放' },
  neverOpens: { en: '; not open before the plan expires', zh: '；计划过期前不会开放' },
  window: { en: 'window', zh: '窗口' },
  freeze: { en: 'freeze', zh: '冻结' },
} satisfies Record<string, Message>;

/** Where a plan could not start at this moment, by what, and when that ends. */
export function closedLine({ say }: Pick<CliContext, 'say'>, closed: PlanPreview['closed'][number]): string {
  const { kind, name, opensAt, hostsCount, hosts } = closed;
  return say(WORDS.closed, {
    kind: say(WORDS[kind]),
    name,
    hosts: namesOf(hosts, hostsCount),
    opens: say(opensAt === null ? WORDS.neverOpens : WORDS.opens, { at: moment(opensAt) }),
  });
}
