import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 100;

/**
 * Waits until the outside world is as asked, for what no event announces: another process, another host. Gives the value,
 * or fails with what was waited for and the last answer.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await delay(INTERVAL_MS);
  }
}
