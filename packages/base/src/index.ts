/** The smallest shared pieces: time, ids, results, limits. Imports nothing and knows nothing of the product. */
export { absurd } from './absurd.ts';
export { type BackoffOptions, backoffMs } from './backoff.ts';
export { type BatchOptions, batchWhileBusy } from './batch-while-busy.ts';
export { BoundedQueue } from './bounded-queue.ts';
export { type Clock, systemClock } from './clock.ts';
export { compareText } from './compare-text.ts';
export { errorCode } from './error-code.ts';
export { firstOf } from './first-of.ts';
export { type IdSource, newId } from './ids.ts';
export { nearestName } from './nearest-name.ts';
export { JSON_DEPTH_MAX, mendHalves, parseJson } from './parse-json.ts';
export { err, ok, type Result } from './result.ts';
export { bytes, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './units.ts';
