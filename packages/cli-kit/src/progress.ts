import type { Clock } from '@pilothouse/base';
import type { Message } from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';
import { paint } from './terminal.ts';
import { truncate } from './text-width.ts';

/** Anything shorter than this needs no display; it would only flicker. */
const QUIET_MS = 1000;
/** Often enough to look alive, rarely enough to cost nothing over ssh. */
const REDRAW_MS = 200;

export interface ProgressCounts {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly running: number;
}

export interface Progress {
  update(counts: ProgressCounts): void;
  /** Takes the line away so that something can be printed; it comes back by itself. */
  clear(): void;
  close(): void;
}

const LINE: Message = {
  en: '{bar} {done}/{total} done, {failed} failed, {running} running, {pace}',
  zh: '{bar} 完成 {done}/{total}，失败 {failed}，运行中 {running}，{pace}',
};
const LEFT: Message = { en: '{rate}/s, about {seconds} s left', zh: '{rate}/秒，约剩 {seconds} 秒' };
/** Until the first host is done there is no rate; how long it has taken is what can be said. */
const SO_FAR: Message = { en: '{seconds} s so far', zh: '已用 {seconds} 秒' };

/** A line on stderr that follows a rollout: only on a terminal, only after a second, never for --json. */
export function showProgress(context: CliContext): Progress {
  const { terminal, clock } = context;
  if (!terminal.isErrorTty || context.isJson) return { update() {}, clear() {}, close() {} };
  const startedAt = clock.monotonic();
  let counts: ProgressCounts | null = null;
  let isShown = false;

  const clear = (): void => {
    if (isShown) terminal.writeError('\r\u001b[K');
    isShown = false;
  };
  const draw = (): void => {
    if (counts === null || clock.monotonic() - startedAt < QUIET_MS) return;
    const text = truncate(
      progressLine(context, counts, secondsSince(clock, startedAt)),
      terminal.columns - 1,
    );
    terminal.writeError(`\r\u001b[K${paint(terminal, 'grey', text)}`);
    isShown = true;
  };
  const stop = clock.every(REDRAW_MS, draw);
  return {
    update(next) {
      counts = next;
    },
    clear,
    close() {
      stop();
      clear();
    },
  };
}

const secondsSince = (clock: Clock, startedAt: number): number => (clock.monotonic() - startedAt) / 1000;

const BAR_CELLS = 16;

/** Pure, so that a test can read it. */
export function progressLine(
  context: Pick<CliContext, 'say'>,
  counts: ProgressCounts,
  elapsedSeconds: number,
): string {
  const share = counts.total === 0 ? 1 : counts.done / counts.total;
  const filled = Math.round(share * BAR_CELLS);
  const rate = elapsedSeconds > 0 ? counts.done / elapsedSeconds : 0;
  const pace =
    counts.done === 0
      ? context.say(SO_FAR, { seconds: Math.floor(elapsedSeconds) })
      : context.say(LEFT, {
          rate: rate >= 10 ? Math.round(rate) : rate.toFixed(1),
          seconds: Math.ceil((counts.total - counts.done) / rate),
        });
  return context.say(LINE, {
    bar: `[${'='.repeat(filled)}${' '.repeat(BAR_CELLS - filled)}]`,
    done: counts.done,
    total: counts.total,
    failed: counts.failed,
    running: counts.running,
    pace,
  });
}
