import { DAY_MS, HOUR_MS, MINUTE_MS } from '@pilothouse/base';
import { AppError, type Message, Strategy, schemaProblem } from '@pilothouse/contract';

/** Ten minutes: longer than any query, shorter than a person waits before asking what happened. */
const TASK_TIMEOUT_MS = 10 * MINUTE_MS;
/**
 * Tasks in flight at once. Hosts answer in milliseconds, so 500 keep the wire full; more would only make a mistake
 * reach more hosts before anybody sees the first result.
 */
const IN_FLIGHT_MAX = 500;
/** A person waits for an ad-hoc run; what has not started in an hour is not waited for. */
const RUN_EXPIRY_MS = HOUR_MS;
/** A plan is reviewed and lives over a weekend. */
const PLAN_EXPIRY_MS = 7 * DAY_MS;
/** Agents remember a plan's steps until it expires; a quarter bounds their ledgers. */
const EXPIRY_MS_MAX = 92 * DAY_MS;

export type DefaultsKind = 'run' | 'plan';

/** An ad-hoc run goes everywhere at once and stops at no failure; a plan halts at the first. */
const strategies: Record<DefaultsKind, Strategy> = {
  run: {
    waves: { kind: 'all' },
    inFlightMax: IN_FLIGHT_MAX,
    failuresMax: null,
    offline: 'skip',
    taskTimeoutMs: TASK_TIMEOUT_MS,
    factsAgeMaxMs: null,
  },
  plan: {
    waves: { kind: 'all' },
    inFlightMax: IN_FLIGHT_MAX,
    failuresMax: 0,
    offline: 'wait',
    taskTimeoutMs: TASK_TIMEOUT_MS,
    factsAgeMaxMs: null,
  },
};

type Wished = { readonly [K in keyof Strategy]?: Strategy[K] | undefined };

/**
 * Fills what was not said, and holds the time limit to what the actions allow. A limit that is only said as a share is
 * written down as the count that it means, too.
 */
export function completeStrategy(
  kind: DefaultsKind,
  wished: Wished,
  { timeoutMsMax, hostsCount }: { readonly timeoutMsMax: number; readonly hostsCount: number },
): Strategy {
  const said = Object.fromEntries(Object.entries(wished).filter(([, value]) => value !== undefined));
  const percent = wished.failuresPercentMax;
  if (percent !== undefined && wished.failuresMax === null)
    throw new AppError('PLAN_SHARE_WITHOUT_COUNT', { percent });
  if (percent !== undefined && wished.failuresMax === undefined)
    said['failuresMax'] = Math.floor((hostsCount * percent) / 100);
  const { taskTimeoutMs } = { ...strategies[kind], ...said };
  if (wished.taskTimeoutMs !== undefined && taskTimeoutMs > timeoutMsMax)
    throw invalid(
      {
        en: `the actions end after ${timeoutMsMax} ms at the latest`,
        zh: `操作最迟在 ${timeoutMsMax} 毫秒后结束`,
      },
      'strategy.taskTimeoutMs',
    );
  const whole = {
    ...strategies[kind],
    ...said,
    taskTimeoutMs: Math.min(taskTimeoutMs, timeoutMsMax),
  };
  const parsed = Strategy.safeParse(whole);
  if (parsed.success) return parsed.data;
  const { path, problem } = schemaProblem(Strategy, whole, parsed.error);
  throw invalid(problem, ['strategy', ...path].join('.'));
}

export function completeWindow(
  kind: DefaultsKind,
  wished: { readonly notBefore?: number | undefined; readonly expiresAt?: number | undefined },
  now: number,
): { notBefore: number; expiresAt: number } {
  const notBefore = wished.notBefore ?? now;
  const expiresAt =
    wished.expiresAt ?? Math.max(notBefore, now) + (kind === 'run' ? RUN_EXPIRY_MS : PLAN_EXPIRY_MS);
  if (expiresAt <= now) throw invalid({ en: 'the expiry is in the past', zh: '到期时间已过' }, 'expiresAt');
  if (expiresAt <= notBefore)
    throw invalid({ en: 'the expiry is not after the start', zh: '到期时间不晚于开始时间' }, 'expiresAt');
  if (expiresAt > now + EXPIRY_MS_MAX)
    throw invalid({ en: 'the expiry is more than 92 days away', zh: '到期时间距今超过 92 天' }, 'expiresAt');
  return { notBefore, expiresAt };
}

const invalid = (problem: Message, where: string): AppError =>
  new AppError('PLAN_STRATEGY_INVALID', { problem, where });
