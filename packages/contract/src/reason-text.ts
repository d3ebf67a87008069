import { z } from 'zod';
import type { Message } from './message.ts';

export const REASON_CHARS_MAX = 300;

/** Why an agent does not offer something, in its own words and in both languages. */
export const ReasonText = z.object({
  en: z.string().max(REASON_CHARS_MAX),
  zh: z.string().max(REASON_CHARS_MAX),
});
export type ReasonText = z.infer<typeof ReasonText>;

/** Cut to what the schema takes: a reason may quote what a program said. */
export const reasonText = ({ en, zh }: Message): ReasonText => ({
  en: en.slice(0, REASON_CHARS_MAX),
  zh: zh.slice(0, REASON_CHARS_MAX),
});
