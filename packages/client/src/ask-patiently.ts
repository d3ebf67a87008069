/**
 * Asks again for what may be asked twice.
 *
 * Problem: servers are replaced and processes die, and another is there within seconds; a script that lists hosts at that
 * moment should not have to know.
 *
 * Rule: a request that reads, or that the server knows again by its Idempotency-Key, is sent again when there was nobody to
 * take it, when its connection broke, or when the answer says 503 and "later". Everything else is for the caller to judge.
 *
 * Limits: no pause begins that would end after `PATIENCE_MS`: what is still not there by then is down, and not on its way.
 */
import { backoffMs, SECOND_MS } from '@pilothouse/base';
import { isAppError } from '@pilothouse/contract';
import { ProblemError } from './client.ts';

export interface Patience {
  /** Resolves early when nobody wants the answer any more. */
  readonly wait: (ms: number) => Promise<void>;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Milliseconds that never go backwards. */
  readonly monotonic: () => number;
  /** Called once, before the first pause. */
  readonly waiting?: () => void;
}

/** Another server process has taken over after ten seconds at most. */
const PATIENCE_MS = 12 * SECOND_MS;
/** Pauses are drawn, and may all be short. */
const ATTEMPTS_MAX = 50;
const PAUSE = { firstMs: 100, maxMs: SECOND_MS } as const;

export async function askPatiently<T>(patience: Patience, ask: () => Promise<T>): Promise<T> {
  const endsAt = patience.monotonic() + PATIENCE_MS;
  for (let failures = 0; ; failures += 1) {
    try {
      return await ask();
    } catch (error) {
      const pauseMs = pauseAfter(error, failures, patience.random());
      if (pauseMs === null || failures + 1 >= ATTEMPTS_MAX) throw error;
      if (patience.monotonic() + pauseMs > endsAt) throw error;
      if (failures === 0) patience.waiting?.();
      await patience.wait(pauseMs);
    }
  }
}

/** Null: another attempt would end like this one. */
function pauseAfter(error: unknown, failures: number, random: number): number | null {
  const pauseMs = backoffMs(failures, PAUSE, random);
  if (!(error instanceof ProblemError)) return isOfTheNetwork(error) ? pauseMs : null;
  const { status, retry } = error.problem;
  if (status !== 503 || retry !== 'later') return null;
  return Math.max(pauseMs, error.retryAfterMs ?? 0);
}

/** Whether nobody answered; anything else that is no word of the server is a bug or a refusal. */
export function isOfTheNetwork(error: unknown): boolean {
  if (isAppError(error)) return error.code === 'CLIENT_UNREACHABLE';
  return error instanceof Error && !(error instanceof TypeError) && 'code' in error;
}
