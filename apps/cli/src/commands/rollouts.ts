import {
  age,
  type Column,
  choice,
  defineCommand,
  EXIT,
  flag,
  limitOption,
  printRows,
  progressOf,
  readList,
  rolloutStateName,
  stateColour,
  watchOptions,
  watchView,
} from '@pilothouse/cli-kit';
import { type Rollout, RolloutState, rolloutRoutes } from '@pilothouse/contract';

const DRY_RUN = { en: '(dry run)', zh: '（试运行）' };

export const rolloutsCommands = [
  defineCommand({
    path: 'rollouts',
    summary: { en: 'List rollouts, newest first', zh: '列出发布（新的在前）' },
    arguments: {},
    options: {
      ...watchOptions,
      active: flag({ about: { en: 'Only those that have not ended', zh: '仅未结束的' } }),
      state: choice(RolloutState.options, {
        placeholder: 'STATE',
        about: { en: 'Only those in this state', zh: '仅处于该状态的' },
      }),
      limit: limitOption,
    },
    examples: [
      {
        line: 'pilothouse rollouts --active --watch',
        about: { en: 'What is going on', zh: '查看正在进行的发布' },
      },
    ],
    async run(context, { options }) {
      const client = await context.connect();
      const now = (): number => context.clock.now();
      const columns: Column<Rollout>[] = [
        { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: (rollout) => rollout.id },
        {
          title: { en: 'STATE', zh: '状态' },
          value: (rollout) => rolloutStateName(context, rollout.state),
          colour: (rollout) => stateColour(rollout.state),
        },
        { title: { en: 'DONE', zh: '完成' }, align: 'end', value: (rollout) => doneOf(rollout) },
        {
          title: { en: 'FAILED', zh: '失败' },
          align: 'end',
          value: (rollout) => String(progressOf(rollout.counts).failed),
        },
        { title: { en: 'BY', zh: '发起人' }, value: (rollout) => personOf(rollout.createdBy) },
        { title: { en: 'AGE', zh: '时间' }, align: 'end', value: (rollout) => age(rollout.createdAt, now()) },
        {
          title: { en: 'TITLE', zh: '标题' },
          value: (rollout) =>
            rollout.kind === 'dry-run' ? `${context.say(DRY_RUN)} ${rollout.title}` : rollout.title,
        },
      ];
      await watchView(context, options, async () => {
        const rows = await readList(options.limit ?? 50, (page) =>
          client.call(rolloutRoutes.list, {
            query: {
              ...page,
              ...(options.active ? { active: 'true' } : {}),
              ...(options.state === undefined ? {} : { state: options.state }),
            },
          }),
        );
        printRows(context, columns, rows);
      });
      return EXIT.ok;
    },
  }),
];

const doneOf = (rollout: Rollout): string => {
  const { done, total } = progressOf(rollout.counts);
  return `${done}/${total}`;
};

/** `ada` of `ada/cli root@laptop`: in a list the person counts; `rollout ID` and --json name the token, too. */
const personOf = (createdBy: string): string => createdBy.split('/')[0] ?? createdBy;
