import {
  type CliContext,
  confirm,
  defineCommand,
  EXIT,
  flag,
  followRollout,
  moment,
  note,
  plain,
  printRecord,
  progressOf,
  rolloutStateName,
  strategyOf,
  strategyOptions,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { type Rollout, rolloutRoutes } from '@pilothouse/contract';
import { rolloutId as id, rolloutExport, rolloutOutput, rolloutTasks } from './rollout-results.ts';
import { confirmGate, explain, prediction, rollback } from './rollout-stages.ts';

const show = defineCommand({
  path: 'rollout',
  summary: { en: 'Show a rollout, or do something with it', zh: '显示或操作某个发布' },
  arguments: { id },
  options: {},
  examples: [
    { line: 'pilothouse rollout r_0k3v9d2qa7m8f4q7xz', about: { en: 'How it stands', zh: '查看其状态' } },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    printRollout(context, await client.call(rolloutRoutes.get, { params: { rolloutId: args.id } }));
    return EXIT.ok;
  },
});

const watch = defineCommand({
  path: 'rollout watch',
  summary: { en: 'Follow a rollout until it ends', zh: '跟踪发布直至结束' },
  arguments: { id },
  options: {},
  examples: [
    {
      line: 'pilothouse rollout watch r_0k3v9d2qa7m8f4q7xz',
      about: { en: 'From here on', zh: '从现在开始跟踪' },
    },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    const rollout = await client.call(rolloutRoutes.get, { params: { rolloutId: args.id } });
    return followRollout(context, client, rollout);
  },
});

const pause = defineCommand({
  path: 'rollout pause',
  summary: { en: 'Start nothing new; what runs goes on', zh: '暂停：不再开始新任务' },
  arguments: { id },
  options: { reason: text({ placeholder: 'TEXT', about: { en: 'Why', zh: '原因' } }) },
  examples: [
    {
      line: "pilothouse rollout pause r_0k3v9d2qa7m8f4q7xz --reason 'shift change'",
      about: { en: 'For now', zh: '暂时停下' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const body = options.reason === undefined ? {} : { reason: options.reason };
    printRollout(context, await client.call(rolloutRoutes.pause, { params: { rolloutId: args.id }, body }));
    return EXIT.ok;
  },
});

const resume = defineCommand({
  path: 'rollout resume',
  summary: { en: 'Go on after a pause', zh: '恢复执行' },
  arguments: { id },
  options: {},
  examples: [{ line: 'pilothouse rollout resume r_0k3v9d2qa7m8f4q7xz', about: { en: 'Go on', zh: '继续' } }],
  async run(context, { args }) {
    const client = await context.connect();
    printRollout(context, await client.call(rolloutRoutes.resume, { params: { rolloutId: args.id } }));
    return EXIT.ok;
  },
});

const cancel = defineCommand({
  path: 'rollout cancel',
  summary: { en: 'End it: withdraw what has not started', zh: '取消：撤回尚未开始的任务' },
  arguments: { id },
  options: {
    endRunning: flag({ about: { en: 'End what runs, too', zh: '同时终止正在运行的任务' } }),
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse rollout cancel r_0k3v9d2qa7m8f4q7xz --end-running --yes',
      about: { en: 'At once, without asking', zh: '立即终止，不询问' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const params = { rolloutId: args.id };
    const rollout = await client.call(rolloutRoutes.get, { params });
    const { total, done, running } = progressOf(rollout.counts);
    const open = total - done;
    const question = context.say(CANCEL, { title: plain(rollout.title), open, running });
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const body = { endRunning: options.endRunning };
    printRollout(context, await client.call(rolloutRoutes.cancel, { params, body }));
    return EXIT.ok;
  },
});

const CANCEL = {
  en: 'Cancel "{title}" on the {open} {open:host|hosts} where it has not ended ({running} running)?',
  zh: '在尚未结束的 {open} 台主机（运行中 {running} 台）上取消“{title}”？',
};
const LEFT_OUT = {
  en: 'Left out, since too few hosts that no attempt has touched are left to compare with: {gates}',
  zh: '因未变更过的主机过少、无法比较而去除的关卡：{gates}',
};
const RETRY = {
  en: 'Run "{title}" again on the {failed} {failed:host|hosts} where it did not succeed?',
  zh: '在未成功的 {failed} 台主机上重新执行“{title}”？',
};

const retry = defineCommand({
  path: 'rollout retry',
  summary: { en: 'Run it again where it did not succeed', zh: '在未成功的主机上重试' },
  details: {
    en: 'A new plan of the same steps with the same strategy, but for what these options say otherwise; gates that are said take the place of all. Waves are resolved anew for the hosts that are left.',
    zh: '以相同步骤和策略制定新计划，仅更改这些选项给出的部分；给出关卡时取代原有全部关卡。批次按剩余主机重新划分。',
  },
  arguments: { id },
  options: {
    includeUnknown: flag({
      about: {
        en: 'Also where the outcome is unknown: it may have been carried out',
        zh: '包括结果未知的主机：操作可能已执行',
      },
    }),
    ...strategyOptions,
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse rollout retry r_0k3v9d2qa7m8f4q7xz --yes',
      about: { en: 'As a new rollout', zh: '作为新的发布执行' },
    },
    {
      line: 'pilothouse rollout retry r_0k3v9d2qa7m8f4q7xz --batch 1 --max-failures 2',
      about: { en: 'One after the other, with more patience', zh: '逐台执行，允许更多失败' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const params = { rolloutId: args.id };
    const { counts, title } = await client.call(rolloutRoutes.get, { params });
    const failed =
      counts.failed +
      counts.skipped +
      counts.cancelled +
      counts.expired +
      (options.includeUnknown ? counts.unknown : 0);
    const question = context.say(RETRY, { title: plain(title), failed });
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const body = { includeUnknown: options.includeUnknown, strategy: strategyOf(options) };
    const { rollout, leftOutGates } = await client.call(rolloutRoutes.retry, { params, body });
    const gates = leftOutGates.map(plain).join(', ');
    if (gates !== '') note(context, context.say(LEFT_OUT, { gates }));
    return followRollout(context, client, rollout);
  },
});

function printRollout(context: CliContext, rollout: Rollout): void {
  const { say } = context;
  const { done, failed, running, total } = progressOf(rollout.counts);
  const why = context.describe(rollout.cause.code, rollout.cause.details).title;
  const waits = rollout.waitingFor;
  printRecord(context, rollout, [
    [say({ en: 'id', zh: '标识' }), rollout.id],
    [say({ en: 'title', zh: '标题' }), rollout.title],
    [say({ en: 'kind', zh: '类型' }), rollout.kind],
    [say({ en: 'state', zh: '状态' }), `${rolloutStateName(context, rollout.state)} (${why})`],
    [
      say({ en: 'waits for', zh: '等待' }),
      waits === null ? '-' : context.describe(waits.code, waits.details).title,
    ],
    [
      say({ en: 'hosts', zh: '主机' }),
      say(
        {
          en: '{done} of {total} done, {failed} failed, {running} running',
          zh: '共 {total} 台，完成 {done}，失败 {failed}，运行中 {running}',
        },
        { done, total, failed, running },
      ),
    ],
    [say({ en: 'wave', zh: '批次' }), `${rollout.wave + 1}/${rollout.wavesCount}`],
    [say({ en: 'by', zh: '发起人' }), rollout.createdBy],
    [say({ en: 'created', zh: '创建于' }), moment(rollout.createdAt)],
    [say({ en: 'expires', zh: '过期于' }), moment(rollout.expiresAt)],
    [say({ en: 'plan', zh: '计划' }), rollout.planDigest],
    [say({ en: 'retry of', zh: '重试自' }), rollout.retryOf ?? '-'],
    [say({ en: 'undoes', zh: '撤销' }), rollout.rollbackOf ?? '-'],
    [say({ en: 'undone by', zh: '由其撤销' }), rollout.rolledBackBy ?? '-'],
  ]);
}

export const rolloutCommands = [
  show,
  watch,
  rolloutTasks,
  explain,
  pause,
  resume,
  confirmGate,
  cancel,
  retry,
  rollback,
  prediction,
  rolloutOutput,
  rolloutExport,
];
