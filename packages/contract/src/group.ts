import { z } from 'zod';
import { HostId } from './host-id.ts';

/** `bj1/row2/web`: groups form a tree by path, which is how departments are modelled. */
export const GroupPath = z
  .string()
  .regex(
    /^[\p{L}\p{N}_.-]{1,63}(\/[\p{L}\p{N}_.-]{1,63}){0,7}$/u,
    'must be a path of at most 8 names, such as bj1/row2/web: letters, digits, _ . and -',
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
