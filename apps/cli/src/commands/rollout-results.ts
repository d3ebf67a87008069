import {
  type CliContext,
  type Column,
  choice,
  defineCommand,
  EXIT,
  flag,
  limitOption,
  note,
  one,
  optionalOne,
  paint,
  plain,
  printJson,
  printRows,
  readList,
  stateColour,
  stateName,
  text,
  took,
} from '@pilothouse/cli-kit';
import type { Client } from '@pilothouse/client';
import { AppError, resultRoutes, type Task, TaskState } from '@pilothouse/contract';

export const rolloutId = one({ en: 'The rollout’s id', zh: '发布的标识' });

export const rolloutTasks = defineCommand({
  path: 'rollout tasks',
  summary: { en: 'List its tasks, one a host', zh: '列出各主机的任务' },
  arguments: { id: rolloutId },
  options: {
    state: choice(TaskState.options, {
      placeholder: 'STATE',
      about: { en: 'Only those in this state', zh: '仅处于该状态的' },
    }),
    limit: limitOption,
  },
  examples: [
    {
      line: 'pilothouse rollout tasks r_0k3v9d2qa7m8f4q7xz --state failed',
      about: { en: 'Where it failed', zh: '查看失败的主机' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const rows = await readList(options.limit, (page) =>
      client.call(resultRoutes.tasks, {
        params: { rolloutId: args.id },
        query: { ...page, ...(options.state === undefined ? {} : { state: options.state }) },
      }),
    );
    const columns: Column<Task>[] = [
      { title: { en: 'HOST', zh: '主机' }, value: (task) => task.hostName },
      {
        title: { en: 'STATE', zh: '状态' },
        value: (task) => stateName(context, task.state),
        colour: (task) => stateColour(task.state),
      },
      {
        title: { en: 'EXIT', zh: '退出码' },
        align: 'end',
        value: (task) => String(task.outcome?.exitCode ?? '-'),
      },
      {
        title: { en: 'TOOK', zh: '用时' },
        align: 'end',
        value: timeTaken,
      },
      { title: { en: 'WHY', zh: '原因' }, value: (task) => reasonOf(context, task) },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

/** By the host's own clock where it said: the server hears of the start of a quick task together with its end. */
function timeTaken({ outcome, startedAt, endedAt }: Task): string {
  const start = outcome?.startedAt ?? startedAt;
  const end = outcome?.startedAt === undefined || outcome.startedAt === null ? endedAt : outcome.endedAt;
  return start === null || end === null ? '-' : took(start, end);
}

const reasonOf = (context: CliContext, task: Task): string => {
  const cause = task.outcome?.error ?? task.cause;
  return cause === null ? '' : context.describe(cause.code, cause.details).title;
};

export const rolloutOutput = defineCommand({
  path: 'rollout output',
  summary: { en: 'Print all that a host printed', zh: '输出某主机的全部输出' },
  arguments: {
    id: rolloutId,
    host: optionalOne({
      en: 'Host name or id (not needed when there is one)',
      zh: '主机名或标识（仅一台时可省略）',
    }),
  },
  options: {
    search: text({
      placeholder: 'TEXT',
      about: { en: 'Find text in all outputs instead', zh: '改为在所有输出中查找文本' },
    }),
  },
  examples: [
    {
      line: 'pilothouse rollout output r_0k3v9d2qa7m8f4q7xz web-1',
      about: { en: 'Of one host', zh: '查看一台主机' },
    },
    {
      line: 'pilothouse rollout output r_0k3v9d2qa7m8f4q7xz --search error',
      about: { en: 'Which hosts printed it', zh: '查找哪些主机输出了该文本' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    if (options.search !== undefined) return searchOutputs(context, client, args.id, options.search);
    const task = await findTask(client, args.id, args.host);
    const body = await client.call(resultRoutes.output, { params: { rolloutId: args.id, taskId: task.id } });
    if (context.isJson) {
      printJson(context, body);
      return EXIT.ok;
    }
    // A terminal must not obey what a host printed; a file gets it as it was.
    const raw = (words: string): string => (context.terminal.isOutputTty ? plain(words) : words);
    context.terminal.write(raw(body.stdout));
    context.terminal.writeError(raw(body.stderr));
    if (body.cutBytes > 0)
      note(
        context,
        context.say(
          { en: '{bytes} bytes more were dropped at the limit', zh: '超出上限的 {bytes} 字节已丢弃' },
          { bytes: body.cutBytes },
        ),
      );
    return EXIT.ok;
  },
});

async function findTask(client: Client, id: string, host: string | undefined): Promise<Task> {
  const all = await readList(100_000, (page) =>
    client.call(resultRoutes.tasks, { params: { rolloutId: id }, query: page }),
  );
  const found =
    host === undefined ? all : all.filter((task) => task.hostId === host || task.hostName === host);
  const [first] = found;
  if (first === undefined) throw new AppError('NOT_FOUND', { what: 'task', id: `${id} ${host ?? ''}` });
  if (found.length > 1) {
    const expected = found
      .slice(0, 10)
      .map((task) => (host === undefined ? task.hostName : task.hostId))
      .join(' | ');
    if (host === undefined)
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: `pilothouse rollout output ${id}`,
        argument: expected,
      });
    throw new AppError('CLI_VALUE_INVALID', { value: host, expected });
  }
  return first;
}

async function searchOutputs(context: CliContext, client: Client, id: string, words: string) {
  const found = await readList(undefined, (page) =>
    client.call(resultRoutes.search, { params: { rolloutId: id }, query: { ...page, text: words } }),
  );
  if (context.isJson) printJson(context, found);
  for (const match of context.isJson ? [] : found) {
    const names = match.hostNames.slice(0, 8).map(plain).join(', ');
    context.terminal.write(`${paint(context.terminal, 'bold', `${names} (${match.hostsCount})`)}\n`);
    for (const line of match.lines) context.terminal.write(`  ${line.number}: ${plain(line.text)}\n`);
  }
  return found.length > 0 ? EXIT.ok : EXIT.someFailed;
}

export const rolloutExport = defineCommand({
  path: 'rollout export',
  summary: {
    en: 'Write all tasks with outcomes and outputs to stdout',
    zh: '将全部任务、结果与输出写到标准输出',
  },
  arguments: { id: rolloutId },
  options: { csv: flag({ about: { en: 'As CSV instead of JSON lines', zh: '以 CSV 而非 JSON 行输出' } }) },
  examples: [
    {
      line: 'pilothouse rollout export r_0k3v9d2qa7m8f4q7xz --csv > results.csv',
      about: { en: 'For a spreadsheet', zh: '用于电子表格' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const route = options.csv ? resultRoutes.exportCsv : resultRoutes.exportJson;
    const decoder = new TextDecoder();
    const write = (words: string): void =>
      context.terminal.write(context.terminal.isOutputTty ? plain(words) : words);
    for await (const chunk of await client.stream(route, { params: { rolloutId: args.id } })) {
      write(decoder.decode(chunk, { stream: true }));
    }
    write(decoder.decode());
    return EXIT.ok;
  },
});
