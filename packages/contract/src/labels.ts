import { z } from 'zod';
import { LabelKey } from './label-key.ts';
import { ruleText } from './schema-text.ts';

export const LABELS_MAX = 64;

export const LabelValue = z.string().regex(
  /^[\p{L}\p{N}_./:@-]{0,127}$/u,
  ruleText({
    en: 'must be a label value: letters, digits and _ . / : @ - only',
    zh: '必须是标签值：仅限字母、数字及 _ . / : @ -',
  }),
);

/** What operators say of a host, `site=bj1`; unlike facts never reported by the host itself, so access may rest on it. */
export const Labels = z
  .record(LabelKey, LabelValue)
  .refine(
    (labels) => Object.keys(labels).length <= LABELS_MAX,
    ruleText({ en: `at most ${LABELS_MAX} labels`, zh: `至多 ${LABELS_MAX} 个标签` }),
  );
export type Labels = z.infer<typeof Labels>;

/** Undefined where nobody has set it: a name that every object has, such as `constructor`, is a label like any other. */
export const labelOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;
