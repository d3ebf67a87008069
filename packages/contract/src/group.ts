import { z } from 'zod';
import { HostId } from './host-id.ts';
import { ruleText } from './schema-text.ts';

/** `bj1/row2/web`: groups form a tree by path, which is how departments are modelled. */
export const GroupPath = z.string().regex(
  /^[\p{L}\p{N}_.-]{1,63}(\/[\p{L}\p{N}_.-]{1,63}){0,7}$/u,
  ruleText({
    en: 'must be a path of at most 8 names, such as bj1/row2/web: letters, digits, _ . and -',
    zh: '必须是至多 8 级名称的路径，例如 bj1/row2/web：仅限字母、数字及 _ . -',
  }),
);

export const GROUP_HOSTS_MAX = 100_000;

/** A named selector, or a fixed list. */
export const Group = z.object({
  path: GroupPath,
  description: z.string().max(500),
  membership: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('fixed'), hostIds: z.array(HostId).max(GROUP_HOSTS_MAX) }),
    z.object({ kind: z.literal('selector'), selector: z.string().min(1).max(4096) }),
  ]),
  etag: z.string(),
});
export type Group = z.infer<typeof Group>;
