import { z } from 'zod';

/** ISO 8601 in UTC with milliseconds, as every time that leaves a process is written. */
export const Timestamp = z.iso.datetime({ precision: 3 });
export type Timestamp = z.infer<typeof Timestamp>;

export const toTimestamp = (ms: number): Timestamp => new Date(ms).toISOString();

/** SHA-256 in lower-case hex. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/);
export type Digest = z.infer<typeof Digest>;

/** Any JSON value, for parameters and details whose schema the plugin owns. */
export const JsonObject = z.record(z.string(), z.json());
export type JsonObject = z.infer<typeof JsonObject>;
