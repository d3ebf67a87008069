import {
  type CliContext,
  carryOutPlan,
  defineCommand,
  EXIT,
  flag,
  list,
  moment,
  note,
  one,
  parseDuration,
  printJson,
  printRecord,
  resolveHostId,
  rest,
  strategyOf,
  strategyOptions,
  targetOf,
  targetOptions,
  text,
  type Values,
  yesOption,
} from '@pilothouse/cli-kit';
import type { Client } from '@pilothouse/client';
import {
  AppError,
  type JsonObject,
  type MadePlan,
  type NewPlan,
  type Plan,
  type PlanPreview,
  planRoutes,
  toTimestamp,
} from '@pilothouse/contract';
import {
  COMMAND_ARGUMENT,
  commandOf,
  commandOptions,
  type SaidCommand,
} from '@pilothouse/plugin-commands/cli';
import { PLAN_EXAMPLE } from '../plan-example.ts';
import { readPlanFile } from '../plan-file.ts';
import { planList } from './plan-list.ts';
import { printPreview } from './plan-view.ts';
import { fetchSteps, fullOption, type PlanSteps, printSteps } from './step-view.ts';

const TITLE_CHARS_MAX = 200;
const MAKE = 'pilothouse plan make';
const digest = one({ en: 'The plan’s digest', zh: '计划的摘要' });
const exampleDigest = '0'.repeat(64);

/** How a plan is said on a command line; of schedules, too. */
export const planRequestOptions = {
  ...targetOptions,
  file: text({
    short: 'f',
    placeholder: 'FILE',
    about: { en: 'A plan file, YAML or JSON', zh: '计划文件（YAML 或 JSON）' },
  }),
  action: text({
    placeholder: 'NAME',
    about: {
      en: 'The action, as services.restart; or a command after --',
      zh: '操作名称，如 services.restart；或在 -- 之后写命令',
    },
  }),
  parameter: list({
    short: 'p',
    placeholder: 'KEY=VALUE',
    about: {
      en: 'A parameter of the action; JSON or text (repeatable)',
      zh: '操作的参数，JSON 或文本（可重复）',
    },
  }),
  title: text({ placeholder: 'TEXT', about: { en: 'What it is called', zh: '标题' } }),
  expires: text({
    placeholder: '7d',
    about: { en: 'What has not started by then does not start', zh: '届时未开始的不再开始' },
  }),
  ...commandOptions,
  ...strategyOptions,
  dry: flag({ about: { en: 'Show what it would be; keep nothing', zh: '仅展示，不保存' } }),
};
const makeOptions = { ...planRequestOptions, full: fullOption };

const make = defineCommand({
  path: 'plan make',
  summary: { en: 'Make a plan to look at, approve and start', zh: '制定计划，供查看、审批和启动' },
  details: {
    en: 'Nothing runs until it is started: pilothouse plan start DIGEST. A plan file says all that a plan can say; options beside it take its place.',
    zh: '在启动之前不会执行：pilothouse plan start 摘要。计划文件可表达全部内容；同时给出的选项优先。',
  },
  arguments: { command: rest({ en: 'A command, after --', zh: '写在 -- 之后的命令' }) },
  options: makeOptions,
  examples: [
    {
      line: 'pilothouse plan make --all --canary 1 --waves 25%,50% --probe unit:ssh.service --soak 1m --dry -- true',
      about: { en: 'One host, then a quarter, then halves', zh: '先一台，再四分之一，再一半' },
    },
    {
      line: "pilothouse plan make --all --effect read --shell 'df -h / | tail -1' --window 'FREQ=DAILY 2026-01-03T22:00 4h Asia/Shanghai'",
      about: { en: 'A line for a shell, only at night', zh: 'shell 命令行，仅在夜间执行' },
    },
    { line: 'pilothouse plan make -f plan.yaml', about: { en: 'From a file', zh: '来自文件' } },
  ],
  passThrough: true,
  async run(context, { args, options }) {
    const client = await context.connect();
    const body = await planRequest(context, client, args.command, options);
    if (options.dry) {
      const { made, preview } = await client.call(planRoutes.sketch, { body });
      show(context, { made, preview, steps: null, isFull: options.full });
      return EXIT.ok;
    }
    const made = await client.call(planRoutes.create, { body });
    const params = { digest: made.plan.digest };
    const preview = await client.call(planRoutes.preview, { params });
    const steps = context.isJson ? null : await fetchSteps(client, made.plan, options.full);
    show(context, { made, preview, steps, isFull: options.full });
    note(context, context.say(NEXT, { digest: made.plan.digest }));
    return EXIT.ok;
  },
});

const NEXT = {
  en: 'Try it dry: pilothouse plan predict {digest} · start it: pilothouse plan start {digest}',
  zh: '试运行：pilothouse plan predict {digest} · 启动：pilothouse plan start {digest}',
};
const UNDETERMINED = {
  en: 'Hosts left out because the selector cannot be decided for them: {count}',
  zh: '因选择器无法判定而未纳入的主机：{count} 台',
};

interface Shown {
  readonly preview: PlanPreview;
  /** Null: they were not read. */
  readonly steps: PlanSteps | null;
  readonly isFull: boolean;
}

function show(context: CliContext, { made, ...shown }: Shown & { readonly made: MadePlan }): void {
  if (context.isJson) return printJson(context, { made, preview: shown.preview });
  printPlan(context, made.plan, shown);
  if (made.undeterminedCount > 0) note(context, context.say(UNDETERMINED, { count: made.undeterminedCount }));
}

function printPlan(
  context: CliContext,
  { digest: name, header }: Plan,
  { preview, steps, isFull }: Shown,
): void {
  const { say } = context;
  printRecord(context, null, [
    [say({ en: 'plan', zh: '计划' }), name],
    [say({ en: 'title', zh: '标题' }), header.title],
    [say({ en: 'by', zh: '制定人' }), header.createdBy],
    [say({ en: 'actions', zh: '操作' }), Object.keys(header.actionSchemas).join(', ')],
    [say({ en: 'effect', zh: '影响' }), preview.effect],
    [say({ en: 'hosts', zh: '主机' }), String(header.stepsCount)],
    [say({ en: 'starts', zh: '开始' }), moment(header.notBefore)],
    [say({ en: 'expires', zh: '过期于' }), moment(header.expiresAt)],
  ]);
  if (steps !== null) printSteps(context, steps, isFull);
  printPreview(context, { digest: name, header }, preview);
}

type MakeOptions = Values<typeof planRequestOptions>;

export async function planRequest(
  context: CliContext,
  client: Client,
  command: readonly string[],
  options: MakeOptions,
): Promise<NewPlan> {
  const resolveHost = (name: string): Promise<string> => resolveHostId(client, name);
  const now = context.clock.now();
  const file = options.file === undefined ? null : await readPlanFile(options.file, { resolveHost, now });
  const said = saidAction(command, options);
  const actions = said === null ? file?.actions : [said.action];
  if (actions === undefined)
    throw new AppError('CLI_ARGUMENT_MISSING', {
      command: MAKE,
      argument: `-f FILE | --action NAME | ${COMMAND_ARGUMENT}`,
    });
  const isTargeted =
    options.all || options.selector !== undefined || options.host.length > 0 || options.group.length > 0;
  const target = file === null || isTargeted ? await targetOf(options, resolveHost) : file.target;
  const title = options.title ?? file?.title ?? said?.title ?? '';
  const { expires } = options;
  return {
    ...file,
    title: title.slice(0, TITLE_CHARS_MAX),
    target,
    actions,
    strategy: { ...file?.strategy, ...strategyOf(options) },
    ...(expires === undefined ? {} : { expiresAt: toTimestamp(now + parseDuration(expires)) }),
  };
}

type SaidAction = Pick<SaidCommand, 'title' | 'action'>;

/** The one action that the line says; null when it says none. What would be dropped silently is refused. */
function saidAction(command: readonly string[], options: MakeOptions): SaidAction | null {
  const { action } = options;
  if (action === undefined) {
    if (options.parameter.length > 0)
      throw new AppError('CLI_ARGUMENT_MISSING', { command: MAKE, argument: '--action NAME' });
    // In a plan file the command has its own words.
    return commandOf(command, options, MAKE);
  }
  const { shell, effect } = options;
  const second = shell !== undefined ? '--shell' : effect !== undefined ? '--effect' : '--';
  if (command.length > 0 || second !== '--')
    throw new AppError('CLI_OPTIONS_CONFLICT', { first: '--action', second });
  return { title: action, action: { action, parameters: parametersOf(options.parameter) } };
}

/** `name=nginx`, `wait=30`, `env={"A":"b"}`: JSON where it is JSON, text otherwise. */
function parametersOf(words: readonly string[]): JsonObject {
  const parameters: JsonObject = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 1) throw new AppError('CLI_VALUE_INVALID', { value: word, expected: 'KEY=VALUE' });
    parameters[word.slice(0, equals)] = jsonOrText(word.slice(equals + 1));
  }
  return parameters;
}

function jsonOrText(value: string): JsonObject[string] {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const showPlan = defineCommand({
  path: 'plan show',
  summary: { en: 'Show what a plan would do now', zh: '显示计划此刻的效果' },
  arguments: { digest },
  options: { full: fullOption },
  examples: [
    {
      line: `pilothouse plan show ${exampleDigest}`,
      about: { en: 'Actions, waves, gates, budgets, undo', zh: '操作、批次、关卡、预算与撤销' },
    },
    {
      line: `pilothouse plan show ${exampleDigest} --full`,
      about: {
        en: 'With the content of files and the steps of every host',
        zh: '含文件内容及每台主机的步骤',
      },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const params = { digest: args.digest };
    const plan = await client.call(planRoutes.get, { params });
    const preview = await client.call(planRoutes.preview, { params });
    if (context.isJson) printJson(context, { plan, preview });
    else {
      const steps = await fetchSteps(client, plan, options.full);
      printPlan(context, plan, { preview, steps, isFull: options.full });
    }
    return EXIT.ok;
  },
});

const runOptions = {
  detach: flag({ about: { en: 'Start it and do not wait', zh: '启动后不等待' } }),
  yes: yesOption,
};

const start = defineCommand({
  path: 'plan start',
  summary: { en: 'Carry a plan out, exactly as it was shown', zh: '按所示内容执行计划' },
  arguments: { digest },
  options: runOptions,
  examples: [
    {
      line: `pilothouse plan start ${exampleDigest} --yes`,
      about: { en: 'And follow it to its end', zh: '并跟踪至结束' },
    },
  ],
  run: (context, { args, options }) => carryOut(context, args.digest, { kind: 'run', ...options }),
});

const predict = defineCommand({
  path: 'plan predict',
  summary: {
    en: 'Ask every host what the plan would change there; change nothing',
    zh: '询问各主机计划将更改什么，不做更改',
  },
  arguments: { digest },
  options: { detach: runOptions.detach },
  examples: [
    {
      line: `pilothouse plan predict ${exampleDigest}`,
      about: { en: 'A dry run; later compared with the run', zh: '试运行；之后与实际执行对比' },
    },
  ],
  run: (context, { args, options }) =>
    carryOut(context, args.digest, { kind: 'dry-run', yes: true, ...options }),
});

async function carryOut(
  context: CliContext,
  name: string,
  how: { readonly kind: 'run' | 'dry-run'; readonly yes: boolean; readonly detach: boolean },
) {
  const client = await context.connect();
  const params = { digest: name };
  const plan = await client.call(planRoutes.get, { params });
  const { effect } = await client.call(planRoutes.preview, { params });
  return carryOutPlan(context, client, {
    plan: { digest: plan.digest, header: plan.header },
    undeterminedCount: 0,
    lacking: [],
    effect,
    kind: how.kind,
    isYes: how.yes,
    isDetached: how.detach,
  });
}

const schema = defineCommand({
  path: 'plan schema',
  summary: { en: 'Print a plan file with all that a plan can say', zh: '输出包含全部内容的计划文件示例' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse plan schema > plan.yaml', about: { en: 'To begin from', zh: '作为起点' } }],
  async run(context) {
    context.terminal.write(context.say(PLAN_EXAMPLE));
    return EXIT.ok;
  },
});

export const planCommands = [planList, make, showPlan, predict, start, schema];
