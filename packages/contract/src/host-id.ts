import { z } from 'zod';
import { ruleText } from './schema-text.ts';

export const HostId = z.string().regex(
  /^h_[0-9a-hjkmnp-tv-z]{18}$/,
  ruleText({
    en: 'must be the id of a host, such as h_0k3v9d2qa7m8f4q7xz',
    zh: '必须是主机的 id，例如 h_0k3v9d2qa7m8f4q7xz',
  }),
);
export type HostId = z.infer<typeof HostId>;

export const HostName = z.string().regex(
  /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$/,
  ruleText({
    en: 'must be a host name: letters, digits, dots and hyphens',
    zh: '必须是主机名：仅限字母、数字、点和连字符',
  }),
);
