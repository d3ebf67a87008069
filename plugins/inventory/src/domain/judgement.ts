import type { JsonObject, Severity } from '@pilothouse/contract';

/** The length a finding's key may have. */
const KEY_LENGTH_MAX = 256;

/** One thing that is wrong according to one fact. Which host it concerns is not its business: it is judged per distinct body. */
export interface Judgement {
  /** Tells things of one kind on one host apart. */
  readonly key: string;
  readonly evidence: JsonObject;
  readonly severity?: Severity;
}

export const judgementKey = (text: string): string => text.slice(0, KEY_LENGTH_MAX).toWellFormed();
