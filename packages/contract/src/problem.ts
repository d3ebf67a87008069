import { z } from 'zod';

/** The body of every refused request: RFC 9457 with our stable `code`. `title` and `hint` are in the asked language. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  hint: z.string(),
  retry: z.enum(['never', 'later', 'after-change']),
  requestId: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof Problem>;
