import { z } from 'zod';
import { ruleText } from './schema-text.ts';

/** ISO 8601 in UTC with milliseconds, as every time that leaves a process is written. */
export const Timestamp = z.iso.datetime({ precision: 3 });
export type Timestamp = z.infer<typeof Timestamp>;

/** A time that days are added to: what comes of it can still be written with four digits for the year. */
export const StartTime = Timestamp.refine(
  (text) => text >= '1970' && text < '9000',
  ruleText({ en: 'must be from 1970 to 8999', zh: '必须在 1970 年至 8999 年之间' }),
);

export const toTimestamp = (ms: number): Timestamp => new Date(ms).toISOString();

/** SHA-256 in lower-case hex. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/);
export type Digest = z.infer<typeof Digest>;

/** Any JSON value, for parameters and details whose schema the plugin owns. */
export const JsonObject = z.record(z.string(), z.json());
export type JsonObject = z.infer<typeof JsonObject>;
