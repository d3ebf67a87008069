import {
  type Column,
  choice,
  confirm,
  defineCommand,
  duration,
  EXIT,
  fullStart,
  integer,
  limitOption,
  note,
  one,
  printRows,
  readList,
  recurrenceOptions,
  rest,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { AppError, type Schedule, schedulesRoutes } from '@pilothouse/contract';
import { findOrNull } from './find-or-null.ts';
import { planRequest, planRequestOptions } from './plan.ts';
import { historyColumns, nextOf, outcomeOf, printSchedule } from './schedule-view.ts';
import { fullOption } from './step-view.ts';

const HOSTS_MAX = 100_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const name = one({ en: 'Name of the schedule', zh: '计划任务名称' });

const QUESTION = {
  en: 'Remove schedule {name} with its history? Its rollouts stay.',
  zh: '删除计划任务 {name} 及其历史？相关发布保留。',
};

const listSchedules = defineCommand({
  path: 'schedule',
  summary: { en: 'List schedules: plans that recur', zh: '列出计划任务（重复执行的计划）' },
  arguments: {},
  options: {},
  examples: [
    {
      line: 'pilothouse schedule',
      about: { en: 'With the next time and the last outcome', zh: '含下次时间与上次结果' },
    },
  ],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(schedulesRoutes.list, { query }));
    const columns: Column<Schedule>[] = [
      { title: { en: 'NAME', zh: '名称' }, value: (schedule) => schedule.name },
      { title: { en: 'RULE', zh: '规则' }, value: (schedule) => schedule.recurrence.rrule },
      { title: { en: 'NEXT', zh: '下次' }, value: (schedule) => nextOf(context, schedule) },
      { title: { en: 'OWNER', zh: '所有者' }, value: (schedule) => schedule.owner },
      { title: { en: 'LAST', zh: '上次' }, value: (schedule) => outcomeOf(context, schedule.last) },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const show = defineCommand({
  path: 'schedule show',
  summary: { en: 'Show a schedule and its next five occurrences', zh: '显示计划任务及接下来五次执行时间' },
  arguments: { name },
  options: { full: fullOption },
  examples: [
    {
      line: 'pilothouse schedule show nightly',
      about: { en: 'What, when, with whose rights', zh: '内容、时间与权限' },
    },
  ],
  async run(context, { args, options }) {
    const schedule = await (await context.connect()).call(schedulesRoutes.get, { params: args });
    printSchedule(context, schedule, options.full);
    return EXIT.ok;
  },
});

const set = defineCommand({
  path: 'schedule set',
  summary: {
    en: 'Make a schedule or change it; it is yours from then on',
    zh: '创建或修改计划任务；此后归您所有',
  },
  details: {
    en: 'What it does is said as for: pilothouse plan make. At each occurrence a new plan is made of the hosts that match then, with the rights that you have then.',
    zh: '内容的写法与 pilothouse plan make 相同。每次执行时按当时匹配的主机、以您当时的权限制定新计划。',
  },
  arguments: { name, command: rest({ en: 'A command, after --', zh: '写在 -- 之后的命令' }) },
  options: {
    ...planRequestOptions,
    ...recurrenceOptions,
    hostsMax: integer({
      placeholder: 'N',
      min: 1,
      max: HOSTS_MAX,
      about: { en: 'An occurrence with more hosts is left out', zh: '主机数超过时跳过该次执行' },
    }),
    missed: choice(['run-once-late', 'skip'], {
      placeholder: 'WHAT',
      about: {
        en: 'When nobody was there in time: run-once-late (default) or skip',
        zh: '错过时：run-once-late（默认，补执行一次）或 skip',
      },
    }),
    late: duration({
      placeholder: '1h',
      about: { en: 'Later than this it is left out (default 1h)', zh: '晚于此时长则放弃（默认 1h）' },
    }),
    runFor: duration({
      placeholder: '1d',
      about: { en: 'How long each plan lives (default 1d)', zh: '每次计划的有效期（默认 1d）' },
    }),
    mandate: text({
      placeholder: 'ID',
      about: { en: 'The mandate by which strict hosts accept it', zh: '严格模式主机接受所依据的授权书' },
    }),
  },
  examples: [
    {
      line: 'pilothouse schedule set nightly --all --hosts-max 100 --rule FREQ=DAILY --start 2026-01-01T02:30 --zone Asia/Shanghai -- uptime',
      about: { en: 'Every night at half past two', zh: '每晚两点半' },
    },
    {
      line: "pilothouse schedule set patch -f plan.yaml --hosts-max 500 --rule 'FREQ=MONTHLY;BYDAY=2TU' --start 2026-01-13T22:00 --zone Europe/Berlin --missed skip",
      about: { en: 'From a plan file, each second Tuesday', zh: '使用计划文件，每月第二个周二' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const before = await findOrNull(client.call(schedulesRoutes.get, { params: { name: args.name } }));
    const {
      notBefore: _notBefore,
      expiresAt: _expiresAt,
      ...template
    } = await planRequest(context, client, args.command, options);
    const rrule = options.rule ?? before?.recurrence.rrule;
    const timeZone = options.zone ?? before?.recurrence.timeZone;
    const start = options.start ?? before?.recurrence.start;
    const hostsMax = options.hostsMax ?? before?.hostsMax;
    if (rrule === undefined || timeZone === undefined || start === undefined || hostsMax === undefined)
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse schedule set',
        argument: '--rule RRULE --zone ZONE --start TIME --hosts-max N',
      });
    const schedule = await client.call(schedulesRoutes.put, {
      params: { name: args.name },
      body: {
        template,
        recurrence: { rrule, timeZone, start: fullStart(start) },
        hostsMax,
        missed: options.missed ?? before?.missed ?? 'run-once-late',
        lateMsMax: options.late ?? before?.lateMsMax ?? HOUR_MS,
        runForMs: options.runFor ?? before?.runForMs ?? DAY_MS,
        mandateId: options.mandate ?? before?.mandateId ?? null,
      },
      ...(before === null ? {} : { etag: before.etag }),
    });
    printSchedule(context, schedule);
    return EXIT.ok;
  },
});

const pause = defineCommand({
  path: 'schedule pause',
  summary: { en: 'Start nothing by it until it is resumed', zh: '暂停计划任务' },
  arguments: { name },
  options: {},
  examples: [{ line: 'pilothouse schedule pause nightly', about: { en: 'For a while', zh: '暂停一段时间' } }],
  async run(context, { args }) {
    printSchedule(context, await (await context.connect()).call(schedulesRoutes.pause, { params: args }));
    return EXIT.ok;
  },
});

const resume = defineCommand({
  path: 'schedule resume',
  summary: { en: 'Go on; what was left out meanwhile stays left out', zh: '恢复计划任务；暂停期间不补做' },
  arguments: { name },
  options: {},
  examples: [
    {
      line: 'pilothouse schedule resume nightly',
      about: { en: 'From the next time on', zh: '自下次起恢复' },
    },
  ],
  async run(context, { args }) {
    printSchedule(context, await (await context.connect()).call(schedulesRoutes.resume, { params: args }));
    return EXIT.ok;
  },
});

const APPROVED = {
  en: 'Approved: {given} of {required} have said yes',
  zh: '已批准：{given}/{required}',
};

const approve = defineCommand({
  path: 'schedule approve',
  summary: { en: 'Approve the terms of somebody else’s schedule', zh: '批准他人计划任务的条款' },
  details: {
    en: 'Binds what it does, on which selector, when, and the cap on hosts. Any change takes new approvals; the plans of its occurrences take none.',
    zh: '批准绑定其内容、选择器、时间与主机上限。任何修改都需重新批准；各次执行的计划不再单独审批。',
  },
  arguments: { name },
  options: {
    terms: text({
      placeholder: 'DIGEST',
      about: {
        en: 'The terms that you read (default: those it has now)',
        zh: '您所阅读的条款摘要（默认为当前条款）',
      },
    }),
    full: fullOption,
    yes: yesOption,
  },
  examples: [
    { line: 'pilothouse schedule approve nightly', about: { en: 'After reading it', zh: '阅读后批准' } },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const read = await client.call(schedulesRoutes.get, { params: args });
    const termsDigest = options.terms ?? read.termsDigest;
    if (!context.isJson) printSchedule(context, read, options.full);
    const question = context.say({ en: 'Approve these terms?', zh: '批准以上条款？' });
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const schedule = await client.call(schedulesRoutes.approve, { params: args, body: { termsDigest } });
    if (context.isJson) printSchedule(context, schedule);
    else
      note(context, context.say(APPROVED, { ...schedule.approvals, given: schedule.approvals.given.length }));
    return EXIT.ok;
  },
});

const runNow = defineCommand({
  path: 'schedule run-now',
  summary: { en: 'An occurrence at this moment', zh: '立即执行一次' },
  arguments: { name },
  options: {},
  examples: [
    {
      line: 'pilothouse schedule run-now nightly',
      about: { en: 'Without waiting for the night', zh: '无需等到晚上' },
    },
  ],
  async run(context, { args }) {
    const occurrence = await (await context.connect()).call(schedulesRoutes.runNow, { params: args });
    printRows(context, historyColumns(context), [occurrence]);
    return occurrence.state === 'started' ? EXIT.ok : EXIT.someFailed;
  },
});

const history = defineCommand({
  path: 'schedule history',
  summary: { en: 'What became of its occurrences, newest first', zh: '执行历史（新的在前）' },
  arguments: { name },
  options: { limit: limitOption },
  examples: [
    {
      line: 'pilothouse schedule history nightly',
      about: { en: 'Started, skipped, missed, and why', zh: '已启动、跳过、错过及原因' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const rows = await readList(options.limit, (query) =>
      client.call(schedulesRoutes.history, { params: args, query }),
    );
    printRows(context, historyColumns(context), rows);
    return EXIT.ok;
  },
});

const remove = defineCommand({
  path: 'schedule delete',
  summary: { en: 'Remove a schedule', zh: '删除计划任务' },
  arguments: { name },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse schedule delete nightly --yes',
      about: { en: 'Without asking', zh: '不询问直接删除' },
    },
  ],
  async run(context, { args, options }) {
    if (!(await confirm(context, context.say(QUESTION, args), { isYes: options.yes }))) return EXIT.cancelled;
    await (await context.connect()).call(schedulesRoutes.remove, { params: args });
    return EXIT.ok;
  },
});

export const scheduleCommands = [listSchedules, show, set, pause, resume, approve, runNow, history, remove];
