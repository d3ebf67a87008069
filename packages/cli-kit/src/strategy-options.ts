import { PLAN_HOSTS_MAX, type Strategy } from '@pilothouse/contract';
import type { OptionSpec, Values } from './command-spec.ts';
import { gatesOf } from './gate-options.ts';
import { choice, duration, flag, integer, list } from './options.ts';
import { probeOf } from './probe-option.ts';
import { windowOf } from './recurrence-options.ts';
import { countOrPercent, labelOrder, redundancySet, waveSizes, wavesOf } from './wave-options.ts';

type Look = Pick<OptionSpec, 'placeholder' | 'about'>;

/** The last value, read by `read`; undefined when it is not given. */
const one = <T>(look: Look, read: (text: string) => T): OptionSpec<T | undefined> => ({
  ...look,
  takes: 'value',
  parse(raw) {
    const given = raw.at(-1);
    return given === undefined ? undefined : read(given);
  },
});

const many = <T>(look: Look, read: (text: string, index: number) => T): OptionSpec<readonly T[]> => ({
  ...look,
  takes: 'values',
  parse: (raw) => raw.map(read),
});

const words = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

const LIMIT = '2 | 5%';
const limit = (about: Look['about']) =>
  one({ placeholder: 'N|P%', about }, (text) => countOrPercent(text, LIMIT));

/** How a rollout proceeds: the same options wherever one is started. */
export const strategyOptions = {
  batch: integer({
    placeholder: 'N',
    min: 1,
    max: PLAN_HOSTS_MAX,
    about: { en: 'Hosts per wave (default: all at once)', zh: '每批主机数（默认：一次全部）' },
  }),
  canary: integer({
    placeholder: 'N',
    min: 1,
    max: PLAN_HOSTS_MAX,
    about: { en: 'N hosts first, then the others', zh: '先在 N 台主机上执行，再执行其余主机' },
  }),
  canaryPerBuild: one(
    {
      placeholder: 'FACTS',
      about: {
        en: 'One host of each build first: os,packages tells builds apart',
        zh: '先在每种构建的一台主机上执行：os,packages 用于区分构建',
      },
    },
    words,
  ),
  waves: one(
    {
      placeholder: 'SIZES',
      about: {
        en: 'Sizes of waves, the last repeats: 10%,25%,50% or 5,20',
        zh: '各批大小，最后一个重复：10%,25%,50% 或 5,20',
      },
    },
    waveSizes,
  ),
  perLabel: one(
    {
      placeholder: 'KEY[:V1,V2]',
      about: {
        en: 'A wave for each value of a label, these values first',
        zh: '标签的每个值一批，所列的值在前',
      },
    },
    labelOrder,
  ),
  apart: many(
    {
      placeholder: 'SET',
      about: {
        en: 'Never two of them in one wave: label:KEY or group:PATH (repeatable)',
        zh: '同一组的主机不进入同一批：label:键 或 group:路径（可重复）',
      },
    },
    redundancySet,
  ),
  inFlight: integer({
    placeholder: 'N',
    min: 1,
    max: PLAN_HOSTS_MAX,
    about: { en: 'Tasks at the same time, at most', zh: '同时执行的任务数上限' },
  }),
  maxFailures: limit({
    en: 'Halt when more than N hosts, or P % of them, have failed',
    zh: '失败主机超过 N 台或 P % 时中止',
  }),
  waveFailures: limit({
    en: 'Halt when more have failed in one wave',
    zh: '单批失败超过此数时中止',
  }),
  probe: many(
    {
      placeholder: 'CHECK',
      about: {
        en: 'Each host checks itself before and after: http:URL, tcp:HOST:PORT, unit:NAME, command:LINE (repeatable)',
        zh: '各主机执行前后自检：http:URL、tcp:主机:端口、unit:名称、command:命令行（可重复）',
      },
    },
    (text, index) => probeOf(text, index + 1),
  ),
  soak: duration({
    about: {
      en: 'Watch after each wave for this long before the next begins',
      zh: '每批结束后观察这么久再开始下一批',
    },
  }),
  check: list({
    placeholder: 'CEL',
    about: {
      en: 'What must hold after each wave, and through its soak (repeatable)',
      zh: '每批之后及观察期内必须成立的条件（可重复）',
    },
  }),
  compare: one(
    {
      placeholder: 'VITALS',
      about: {
        en: 'Compare touched with untouched hosts after each wave: load1,memoryUsedRatio',
        zh: '每批之后比较已变更与未变更主机：load1,memoryUsedRatio',
      },
    },
    words,
  ),
  confirm: flag({
    about: { en: 'A person says "go on" after each wave', zh: '每批之后由人确认是否继续' },
  }),
  onFailure: choice(['halt', 'rollback'], {
    placeholder: 'WHAT',
    about: {
      en: 'When it fails: halt (default), or rollback: halt and undo',
      zh: '失败时：halt 中止（默认），rollback 中止并撤销',
    },
  }),
  approvals: integer({
    placeholder: 'N',
    min: 1,
    max: 10,
    about: { en: 'Other people who must approve it first', zh: '启动前须由 N 名他人审批' },
  }),
  window: many(
    {
      placeholder: 'WINDOW',
      about: {
        en: "Only then, beside the windows of the hosts: 'FREQ=WEEKLY;BYDAY=SA 2026-01-03T22:00 4h Europe/Berlin' (repeatable)",
        zh: '仅在此窗口内（与主机窗口同时生效）：“规则 起始 时长 时区”，如 FREQ=WEEKLY;BYDAY=SA 2026-01-03T22:00 4h Asia/Shanghai（可重复）',
      },
    },
    windowOf,
  ),
  offline: choice(['wait', 'skip', 'fail'], {
    placeholder: 'POLICY',
    about: { en: 'Offline hosts: wait, skip or fail', zh: '离线主机：wait 等待、skip 跳过、fail 视为失败' },
  }),
  timeout: duration({
    about: { en: 'Time limit of one task', zh: '单个任务的时限' },
  }),
};

/** What was said, and nothing else: the rest comes from the defaults of the server. AppError CLI_OPTIONS_CONFLICT. */
export function strategyOf(options: Values<typeof strategyOptions>): Partial<Strategy> {
  const { maxFailures, waveFailures, probe } = options;
  const waves = wavesOf(options);
  const gates = gatesOf({ ...options, probes: probe });
  return {
    ...(waves === undefined ? {} : { waves }),
    ...(options.apart.length === 0 ? {} : { apart: [...options.apart] }),
    ...(options.inFlight === undefined ? {} : { inFlightMax: options.inFlight }),
    ...(maxFailures === undefined
      ? {}
      : 'count' in maxFailures
        ? { failuresMax: maxFailures.count }
        : { failuresPercentMax: maxFailures.percent }),
    ...(waveFailures === undefined
      ? {}
      : 'count' in waveFailures
        ? { waveFailuresMax: waveFailures.count }
        : { waveFailuresPercentMax: waveFailures.percent }),
    ...(probe.length === 0 ? {} : { probes: [...probe] }),
    ...(gates.length === 0 ? {} : { gates }),
    ...(options.window.length === 0 ? {} : { windows: [...options.window] }),
    ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
    ...(options.approvals === undefined ? {} : { approvalsMin: options.approvals }),
    ...(options.offline === undefined ? {} : { offline: options.offline }),
    ...(options.timeout === undefined ? {} : { taskTimeoutMs: options.timeout }),
  };
}
