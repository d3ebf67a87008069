import type { Explanation, Holder, Message } from '@pilothouse/contract';
import { age } from './ages.ts';
import type { CliContext } from './cli-context.ts';
import { plain } from './terminal.ts';

/** Of one reason; --json has all that the server names. */
const SHOWN_MAX = 8;

const FOR_WORK: Message = {
  en: '{host}: held for {age} by {rolloutId} "{title}" ({person})',
  zh: '{host}：已被 {rolloutId}“{title}”（{person}）占用 {age}',
};
const WORDS = {
  lease: FOR_WORK,
  lock: FOR_WORK,
  task: { en: '{host}: under way for {age}', zh: '{host}：已进行 {age}' },
  stop: { en: 'stopped {age} ago by {person}: {title}', zh: '{person} 于 {age} 前停止：{title}' },
  offline: { en: '{host}: offline for {age}', zh: '{host}：已离线 {age}' },
  maintenance: { en: '{host}: in maintenance', zh: '{host}：维护中' },
  quarantined: { en: '{host}: quarantined', zh: '{host}：已隔离' },
  failing: { en: '{host}: a probe or a finding says that it fails', zh: '{host}：探测或发现项表明其异常' },
  unknown: { en: '{host}: nobody can say whether it counts', zh: '{host}：无法判定是否计入' },
} satisfies Record<Holder['by'], Message>;
const MORE: Message = { en: 'and {count} more', zh: '另有 {count} 个' };

/** Who holds what a rollout waits for, and for how long: one line each. */
export function holderLines(context: CliContext, reason: Explanation['reasons'][number]): string[] {
  const { holders, holdersCount } = reason;
  const shown = holders.slice(0, SHOWN_MAX).map(({ by, hostName, since, rolloutId, title, person }) => {
    const held = { host: hostName, age: age(since, context.clock.now()), rolloutId, title, person };
    return plain(context.say(WORDS[by], held));
  });
  const rest = holdersCount - shown.length;
  return rest > 0 && shown.length > 0 ? [...shown, context.say(MORE, { count: rest })] : shown;
}
