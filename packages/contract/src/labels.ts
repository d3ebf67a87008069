import { z } from 'zod';
import { LabelKey } from './label-key.ts';

export const LABELS_MAX = 64;

export const LabelValue = z
  .string()
  .regex(/^[\p{L}\p{N}_./:@-]{0,127}$/u, 'must be a label value: letters, digits and _ . / : @ - only');

/** What operators say of a host, `site=bj1`; unlike facts never reported by the host itself, so access may rest on it. */
export const Labels = z
  .record(LabelKey, LabelValue)
  .refine((labels) => Object.keys(labels).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`);
export type Labels = z.infer<typeof Labels>;
