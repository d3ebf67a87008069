import {
  type CliContext,
  type Column,
  confirm,
  defineCommand,
  EXIT,
  flag,
  moment,
  note,
  one,
  printJson,
  printRows,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import type { Client } from '@pilothouse/client';
import { AppError, type EmergencyStop, selectRoutes, stopRoutes } from '@pilothouse/contract';

const QUESTION = {
  en: 'Stop everything on {hosts}? Nothing new starts there until the stop is cleared.',
  zh: '停止 {hosts} 上的一切任务？在解除之前不会开始任何新任务。',
};

const stop = defineCommand({
  path: 'stop',
  summary: { en: 'Emergency stop: nothing new starts', zh: '紧急停止：不再开始任何任务' },
  details: {
    en: 'Takes one permission and no approval. Rollouts are not lost: they wait, and go on when the stop is cleared.',
    zh: '只需一个权限，无需审批。发布不会丢失：它们会等待，解除后继续。',
  },
  arguments: {},
  options: {
    all: flag({ about: { en: 'Every host', zh: '所有主机' } }),
    selector: text({
      short: 's',
      placeholder: 'EXPR',
      about: { en: 'Hosts that a selector matches', zh: '选择器匹配的主机' },
    }),
    endRunning: flag({ about: { en: 'End what runs, too', zh: '同时终止正在运行的任务' } }),
    reason: text({ placeholder: 'TEXT', about: { en: 'Why', zh: '原因' } }),
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse stop --all --end-running --yes',
      about: { en: 'Everything, at once', zh: '立即停止一切' },
    },
    {
      line: "pilothouse stop -s 'label.site == \"bj1\"' --reason 'power work'",
      about: { en: 'One site', zh: '停止一个站点' },
    },
  ],
  async run(context, { options }) {
    const { selector } = options;
    if (options.all === (selector !== undefined)) throw new AppError('CLI_NEEDS_TARGET');
    const client = await context.connect();
    // Who does not ask needs no more than the right to stop, and no answer to anything before.
    if (!options.yes && !(await isMeant(context, client, selector ?? 'true'))) return EXIT.cancelled;
    const answer = await client.call(stopRoutes.create, {
      body: {
        endRunning: options.endRunning,
        ...(selector === undefined ? {} : { selector }),
        ...(options.reason === undefined ? {} : { reason: options.reason }),
      },
    });
    if (context.isJson) printJson(context, answer);
    else {
      const words = { id: answer.stop.id, tasks: answer.tasksCount };
      note(context, context.say(STOPPED, words));
    }
    return EXIT.ok;
  },
});

async function isMeant(context: CliContext, client: Client, selector: string): Promise<boolean> {
  const { matched } = await client.call(selectRoutes.check, { query: { selector } });
  const hosts = context.say(HOSTS, { count: matched });
  return confirm(context, context.say(QUESTION, { hosts }), { isYes: false });
}

const HOSTS = { en: '{count} {count:host|hosts}', zh: '{count} 台主机' };

const STOPPED = {
  en: 'Stopped: {tasks} tasks held or ended. Clear it: pilothouse stop clear {id}',
  zh: '已停止：{tasks} 个任务被挂起或终止。解除：pilothouse stop clear {id}',
};

const listStops = defineCommand({
  path: 'stop list',
  summary: { en: 'Emergency stops in force', zh: '生效中的紧急停止' },
  arguments: {},
  options: {},
  examples: [
    { line: 'pilothouse stop list', about: { en: 'What holds everything up', zh: '查看生效中的停止' } },
  ],
  async run(context) {
    const { items } = await (await context.connect()).call(stopRoutes.list);
    const columns: Column<EmergencyStop>[] = [
      { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: (one) => one.id },
      {
        title: { en: 'HOSTS', zh: '主机' },
        value: (one) => one.selector ?? (one.scopeHostsCount === null ? '*' : String(one.scopeHostsCount)),
      },
      { title: { en: 'BY', zh: '发起人' }, value: (one) => one.createdBy },
      { title: { en: 'SINCE', zh: '始于' }, value: (one) => moment(one.createdAt) },
      { title: { en: 'REASON', zh: '原因' }, value: (one) => one.reason },
    ];
    printRows(context, columns, items);
    return EXIT.ok;
  },
});

const clear = defineCommand({
  path: 'stop clear',
  summary: { en: 'Lift an emergency stop: rollouts go on', zh: '解除紧急停止：发布继续' },
  arguments: { id: one({ en: 'The stop’s id', zh: '紧急停止的标识' }) },
  options: { yes: yesOption },
  examples: [{ line: 'pilothouse stop clear st_0k3v9d2qa7m8f4q7xz', about: { en: 'Go on', zh: '继续执行' } }],
  async run(context, { args, options }) {
    const question = context.say(
      { en: 'Lift {id}? What it held goes on.', zh: '解除 {id}？被挂起的任务将继续。' },
      args,
    );
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    await (await context.connect()).call(stopRoutes.clear, { params: { stopId: args.id } });
    return EXIT.ok;
  },
});

export const stopCommands = [stop, listStops, clear];
