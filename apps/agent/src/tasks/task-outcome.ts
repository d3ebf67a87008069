import type { ActionEnd } from '@pilothouse/agent-kit';
import {
  canonicalJson,
  digestOfText,
  isMessage,
  type Message,
  OUTPUT_INLINE_BYTES_MAX,
  type OutputBody,
  type TaskOutcome,
  toTimestamp,
} from '@pilothouse/contract';

/** A typed result larger than this is left out of the outcome: the journal bounds its records. */
const RESULT_BYTES_MAX = 16 * 1024;
const DETAIL_CHARS_MAX = 500;

export interface OutcomeTimes {
  readonly startedAtMs: number | null;
  readonly endedAtMs: number;
}

export interface NamedOutput {
  readonly digest: string;
  readonly json: string;
  readonly sizeBytes: number;
  readonly cutBytes: number;
}

/** Names a body by its digest. Null when nothing was printed. */
export function nameOutput(body: OutputBody): NamedOutput | null {
  if (body.stdout === '' && body.stderr === '' && body.cutBytes === 0) return null;
  const json = canonicalJson(body);
  return { digest: digestOfText(json), json, sizeBytes: Buffer.byteLength(json), cutBytes: body.cutBytes };
}

export const inlineOf = (output: NamedOutput | null): string | null =>
  output !== null && output.sizeBytes <= OUTPUT_INLINE_BYTES_MAX ? output.json : null;

export function outcomeOfEnd(end: ActionEnd, times: OutcomeTimes, output: NamedOutput | null): TaskOutcome {
  const result = end.result ?? null;
  return {
    kind: end.kind,
    exitCode: end.exitCode ?? null,
    signal: end.kind === 'succeeded' ? null : (end.signal ?? null),
    startedAt: times.startedAtMs === null ? null : toTimestamp(times.startedAtMs),
    endedAt: toTimestamp(times.endedAtMs),
    output:
      output === null
        ? null
        : { digest: output.digest, sizeBytes: output.sizeBytes, cutBytes: output.cutBytes },
    error:
      end.kind === 'succeeded' ? null : { code: end.error.code, details: boundedDetails(end.error.details) },
    result: result !== null && JSON.stringify(result).length <= RESULT_BYTES_MAX ? result : null,
  };
}

export function refusedOutcome(
  code: string,
  details: Readonly<Record<string, unknown>>,
  nowMs: number,
): TaskOutcome {
  return { ...endedWithout('refused', nowMs), error: { code, details: boundedDetails(details) } };
}

/** After a crash of the agent: started, and nobody knows how far it came. */
export function unknownOutcome(startedAt: string, nowMs: number, output: NamedOutput | null): TaskOutcome {
  return {
    ...endedWithout('unknown', nowMs),
    startedAt,
    output:
      output === null
        ? null
        : { digest: output.digest, sizeBytes: output.sizeBytes, cutBytes: output.cutBytes },
    error: { code: 'TASK_OUTCOME_UNKNOWN', details: {} },
  };
}

const endedWithout = (kind: TaskOutcome['kind'], nowMs: number): TaskOutcome => ({
  kind,
  exitCode: null,
  signal: null,
  startedAt: null,
  endedAt: toTimestamp(nowMs),
  output: null,
  error: null,
  result: null,
});

/** What a reader is told in their language stays in both; whatever else is no plain value becomes text. */
export function boundedDetails(
  details: Readonly<Record<string, unknown>>,
): Record<string, string | number | boolean | Message> {
  const bounded: Record<string, string | number | boolean | Message> = {};
  for (const [key, value] of Object.entries(details).slice(0, 16)) {
    if (typeof value === 'number' || typeof value === 'boolean') bounded[key] = value;
    else if (isMessage(value))
      bounded[key] = { en: value.en.slice(0, DETAIL_CHARS_MAX), zh: value.zh.slice(0, DETAIL_CHARS_MAX) };
    else
      bounded[key] = (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, DETAIL_CHARS_MAX);
  }
  return bounded;
}
