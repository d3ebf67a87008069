import {
  age,
  type CliContext,
  type Column,
  choice,
  defineCommand,
  EXIT,
  limitOption,
  printRows,
  readList,
  rolloutStateName,
  text,
} from '@pilothouse/cli-kit';
import { type Message, PlanState, type PlanSummary, planRoutes } from '@pilothouse/contract';

/** A person looks for a plan of these days. */
const ROWS_DEFAULT = 50;

const STATES: Readonly<Record<PlanState, Message>> = {
  ready: { en: 'ready', zh: '可启动' },
  'awaiting-approval': { en: 'awaiting approval {given}/{required}', zh: '待审批 {given}/{required}' },
  started: { en: 'started: {rollout}', zh: '已启动：{rollout}' },
  expired: { en: 'expired', zh: '已过期' },
};

const stateOf = (context: CliContext, { state, approvals, rollout }: PlanSummary): string =>
  context.say(STATES[state], {
    ...approvals,
    rollout: rollout === null ? '' : rolloutStateName(context, rollout.state),
  });

export const planList = defineCommand({
  path: 'plan list',
  summary: { en: 'List plans, newest first', zh: '列出计划（新的在前）' },
  details: {
    en: 'With what became of each: ready to start, awaiting approval, started, or expired before anybody did. Plans of ad-hoc runs and of schedules are among them.',
    zh: '包含各计划的去向：可启动、待审批、已启动或无人启动而过期。即席执行和计划任务的计划也在其中。',
  },
  arguments: {},
  options: {
    state: choice(PlanState.options, {
      placeholder: 'STATE',
      about: { en: 'Only those in this state', zh: '仅处于该状态的' },
    }),
    author: text({ placeholder: 'NAME', about: { en: 'Only those of this person', zh: '仅该用户制定的' } }),
    action: text({
      placeholder: 'NAME',
      about: { en: 'Only those with this action', zh: '仅包含该操作的' },
    }),
    limit: limitOption,
  },
  examples: [
    {
      line: 'pilothouse plan list --state awaiting-approval',
      about: { en: 'What waits for somebody’s yes', zh: '查看等待审批的计划' },
    },
    {
      line: 'pilothouse plan list --author ada --action services.restart --limit 10',
      about: { en: 'Who wanted to restart what', zh: '按制定人和操作查找' },
    },
  ],
  async run(context, { options }) {
    const client = await context.connect();
    const { state, author, action } = options;
    const wanted = {
      ...(state === undefined ? {} : { state }),
      ...(author === undefined ? {} : { author }),
      ...(action === undefined ? {} : { action }),
    };
    const rows = await readList(options.limit ?? ROWS_DEFAULT, (page) =>
      client.call(planRoutes.list, { query: { ...page, ...wanted } }),
    );
    const now = context.clock.now();
    const columns: Column<PlanSummary>[] = [
      { title: { en: 'STATE', zh: '状态' }, value: (plan) => stateOf(context, plan) },
      { title: { en: 'HOSTS', zh: '主机' }, align: 'end', value: (plan) => String(plan.hostsCount) },
      { title: { en: 'BY', zh: '制定人' }, value: (plan) => plan.createdBy.split('/')[0] ?? '' },
      { title: { en: 'AGE', zh: '时间' }, align: 'end', value: (plan) => age(plan.createdAt, now) },
      { title: { en: 'TITLE', zh: '标题' }, value: (plan) => plan.title },
      { title: { en: 'PLAN', zh: '计划' }, isKeptWhole: true, value: (plan) => plan.digest },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});
