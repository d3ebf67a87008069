import type { Strategy } from '@pilothouse/contract';
import { PLAN_HOSTS_MAX } from '@pilothouse/contract';
import type { Values } from './command-spec.ts';
import { choice, duration, integer } from './options.ts';

/** How a rollout proceeds: the same options wherever one is started. */
export const strategyOptions = {
  batch: integer({
    placeholder: 'N',
    min: 1,
    max: PLAN_HOSTS_MAX,
    about: { en: 'Hosts per wave (default: all at once)', zh: '每批主机数（默认：一次全部）' },
  }),
  inFlight: integer({
    placeholder: 'N',
    min: 1,
    max: PLAN_HOSTS_MAX,
    about: { en: 'Tasks at the same time, at most', zh: '同时执行的任务数上限' },
  }),
  maxFailures: integer({
    placeholder: 'N',
    min: 0,
    max: PLAN_HOSTS_MAX,
    about: { en: 'Halt when more than N hosts have failed', zh: '失败主机超过 N 台时中止' },
  }),
  offline: choice(['wait', 'skip', 'fail'], {
    placeholder: 'POLICY',
    about: { en: 'Offline hosts: wait, skip or fail', zh: '离线主机：wait 等待、skip 跳过、fail 视为失败' },
  }),
  timeout: duration({
    about: { en: 'Time limit of one task', zh: '单个任务的时限' },
  }),
};

export const strategyOf = (options: Values<typeof strategyOptions>): Partial<Strategy> => ({
  ...(options.batch === undefined ? {} : { waves: { kind: 'fixed', hostsPerWave: options.batch } }),
  ...(options.inFlight === undefined ? {} : { inFlightMax: options.inFlight }),
  ...(options.maxFailures === undefined ? {} : { failuresMax: options.maxFailures }),
  ...(options.offline === undefined ? {} : { offline: options.offline }),
  ...(options.timeout === undefined ? {} : { taskTimeoutMs: options.timeout }),
});
