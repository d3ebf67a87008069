import { z } from 'zod';

/** What a process says to the one that keeps it. */
export const ProcessWord = z.discriminatedUnion('kind', [
  /** Its program is loaded; it waits for its name. */
  z.object({ kind: z.literal('loaded') }),
  /** It does its work from now on. */
  z.object({ kind: z.literal('ready'), pin: z.string().nullable(), setupCode: z.string().nullable() }),
  /** It waits for its turn behind another machine, and says so once more when its turn has come. */
  z.object({ kind: z.literal('standing-by'), holder: z.string() }),
  z.object({ kind: z.literal('taking-over') }),
  /** It cannot, and why: what a person should read, and what a script can tell it by. */
  z.object({ kind: z.literal('refused'), text: z.string(), exitCode: z.number().int() }),
  /** Its event loop turns. */
  z.object({ kind: z.literal('alive') }),
]);
export type ProcessWord = z.infer<typeof ProcessWord>;

/** What the keeper says to a process. */
export const KeeperWord = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begin'), name: z.string() }),
  z.object({ kind: z.literal('alive?') }),
  /** End in order: hand everything on. */
  z.object({ kind: z.literal('leave') }),
]);
export type KeeperWord = z.infer<typeof KeeperWord>;
