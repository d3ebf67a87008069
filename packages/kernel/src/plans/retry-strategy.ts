import { Strategy } from '@pilothouse/contract';

export type WishedStrategy = { readonly [K in keyof Strategy]?: Strategy[K] | undefined };

/**
 * The strategy of a plan with what a retry says otherwise. Count and share of one limit are one saying: whoever gives the
 * one does not mean the other one of before beside it.
 */
export function retryStrategy(before: Strategy, wished: WishedStrategy, hostsCount: number): Strategy {
  const said = Object.fromEntries(Object.entries(wished).filter(([, value]) => value !== undefined));
  const whole: Record<string, unknown> = { ...before, ...said };
  const { failuresMax, failuresPercentMax: share } = wished;
  if (share !== undefined && failuresMax === undefined)
    whole['failuresMax'] = Math.floor((hostsCount * share) / 100);
  if (share === undefined && failuresMax !== undefined) delete whole['failuresPercentMax'];
  if (wished.waveFailuresMax !== undefined && wished.waveFailuresPercentMax === undefined)
    delete whole['waveFailuresPercentMax'];
  if (wished.waveFailuresPercentMax !== undefined && wished.waveFailuresMax === undefined)
    delete whole['waveFailuresMax'];
  return Strategy.parse(whole);
}
