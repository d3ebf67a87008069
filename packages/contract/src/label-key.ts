import { z } from 'zod';
import { ruleText } from './schema-text.ts';

/** In a file of its own: agents read the keys of a plan, and the pattern of values costs 1.6 MB of memory wherever it is loaded. */
export const LabelKey = z.string().regex(
  /^[a-z][a-z0-9_.-]{0,62}$/,
  ruleText({
    en: 'must be a label key: a small letter, then small letters, digits and _ . -',
    zh: '必须是标签键：以小写字母开头，其后为小写字母、数字及 _ . -',
  }),
);
