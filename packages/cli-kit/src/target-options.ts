import { AppError, type TargetRequest } from '@pilothouse/contract';
import type { Values } from './command-spec.ts';
import { flag, list, text } from './options.ts';

/** Which hosts: the same four options wherever a verb works on many of them. */
export const targetOptions = {
  selector: text({
    short: 's',
    placeholder: 'EXPR',
    about: { en: 'Hosts that a selector matches', zh: '选择器匹配的主机' },
  }),
  host: list({
    placeholder: 'HOST',
    about: { en: 'A host by name or id (repeatable)', zh: '按名称或标识指定主机（可重复）' },
  }),
  group: list({
    short: 'g',
    placeholder: 'PATH',
    about: { en: 'A group (repeatable)', zh: '分组（可重复）' },
  }),
  all: flag({ about: { en: 'Every host', zh: '所有主机' } }),
};

/**
 * The union of what was named. Naming nothing is refused rather than taken for "all": a forgotten option must not reach
 * every host. `resolveHost` turns a name into an id and refuses one that two hosts share.
 */
export async function targetOf(
  options: Values<typeof targetOptions>,
  resolveHost: (nameOrId: string) => Promise<string>,
): Promise<TargetRequest> {
  const { selector, host, group, all } = options;
  if (!all && selector === undefined && host.length === 0 && group.length === 0) {
    throw new AppError('CLI_NEEDS_TARGET');
  }
  const hostIds: string[] = [];
  for (const name of host) hostIds.push(await resolveHost(name));
  return {
    ...(all ? { selector: 'true' } : selector === undefined ? {} : { selector }),
    ...(hostIds.length === 0 ? {} : { hostIds }),
    ...(group.length === 0 ? {} : { groups: [...group] }),
  };
}
