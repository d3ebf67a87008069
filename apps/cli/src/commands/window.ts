import {
  type CliContext,
  type Column,
  confirm,
  defineCommand,
  duration,
  EXIT,
  fullStart,
  integer,
  moment,
  one,
  printJson,
  printRecord,
  printRows,
  readList,
  recurrenceOptions,
  showDuration,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { AppError, PREVIEW_DAYS_MAX, type Window, windowsRoutes } from '@pilothouse/contract';
import { findOrNull } from './find-or-null.ts';
import { ruleMeaning } from './rule-meaning.ts';

const name = one({ en: 'Name of the window', zh: '窗口名称' });
const QUESTION = {
  en: 'Remove window {name}? Hosts without another window are open at all times.',
  zh: '删除窗口 {name}？没有其他窗口的主机将随时可变更。',
};

const listWindows = defineCommand({
  path: 'window',
  summary: { en: 'List windows: when hosts may be changed', zh: '列出维护窗口：允许变更主机的时间' },
  details: {
    en: 'A host with windows is changed in any of them and at no other time; a host without is open always. Freezes beat windows.',
    zh: '有窗口的主机仅在其任一窗口内变更；没有窗口的主机随时可变更。冻结期优先于窗口。',
  },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse window', about: { en: 'By name', zh: '按名称列出' } }],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(windowsRoutes.list, { query }));
    const columns: Column<Window>[] = [
      { title: { en: 'NAME', zh: '名称' }, value: (window) => window.name },
      { title: { en: 'RULE', zh: '规则' }, value: (window) => window.rrule },
      { title: { en: 'FROM', zh: '起始' }, value: (window) => window.start },
      { title: { en: 'FOR', zh: '时长' }, value: (window) => showDuration(window.durationMs) },
      { title: { en: 'ZONE', zh: '时区' }, value: (window) => window.timeZone },
      { title: { en: 'SELECTOR', zh: '选择器' }, value: (window) => window.selector },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const set = defineCommand({
  path: 'window set',
  summary: { en: 'Make a window or change it', zh: '创建或修改维护窗口' },
  details: {
    en: 'Times are local to --zone, over changes of the clock: an hour that does not exist on a day has no window then, one that comes twice has one.',
    zh: '时间为 --zone 的当地时间，并随夏令时变化：当天不存在的时刻没有窗口，重复的时刻只有一次。',
  },
  arguments: { name },
  options: {
    selector: text({
      short: 's',
      placeholder: 'EXPR',
      about: { en: 'Which hosts it is for', zh: '适用哪些主机' },
    }),
    ...recurrenceOptions,
    for: duration({ placeholder: '4h', about: { en: 'How long it is open', zh: '开放时长' } }),
    reason: text({ placeholder: 'TEXT', about: { en: 'Why it is there', zh: '设置原因' } }),
  },
  examples: [
    {
      line: "pilothouse window set saturday-night -s 'label.site == \"bj1\"' --rule 'FREQ=WEEKLY;BYDAY=SA' --start 2026-01-03T22:00 --for 4h --zone Asia/Shanghai",
      about: { en: 'Saturdays from 22:00 to 02:00', zh: '每周六 22:00 至次日 02:00' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const before = await findOrNull(client.call(windowsRoutes.get, { params: args }));
    const rrule = options.rule ?? before?.rrule;
    const timeZone = options.zone ?? before?.timeZone;
    const start = options.start ?? before?.start;
    const durationMs = options.for ?? before?.durationMs;
    const selector = options.selector ?? before?.selector;
    if (!rrule || !timeZone || !start || !durationMs || !selector)
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse window set',
        argument: '-s EXPR --rule RRULE --zone ZONE --start TIME --for 4h',
      });
    const window = await client.call(windowsRoutes.put, {
      params: args,
      body: {
        selector,
        rrule,
        timeZone,
        start: fullStart(start),
        durationMs,
        reason: options.reason ?? before?.reason ?? '',
      },
      ...(before === null ? {} : { etag: before.etag }),
    });
    printWindow(context, window);
    return EXIT.ok;
  },
});

const show = defineCommand({
  path: 'window show',
  summary: {
    en: 'Show a window: when it opens next, whom it covers, who made it',
    zh: '显示维护窗口：接下来的开放时间、覆盖的主机和创建者',
  },
  arguments: { name },
  options: {},
  examples: [
    {
      line: 'pilothouse window show saturday-night',
      about: { en: 'The next five times, in UTC', zh: '接下来五次（UTC）' },
    },
  ],
  async run(context, { args }) {
    const window = await (await context.connect()).call(windowsRoutes.get, { params: args });
    printRecord(context, window, [...windowLines(context, window), ...ruleMeaning(context, window)]);
    return EXIT.ok;
  },
});

function printWindow(context: CliContext, window: Window): void {
  const changed = context.say({ en: 'changed by', zh: '修改者' });
  printRecord(context, window, [...windowLines(context, window), [changed, window.changedBy]]);
}

function windowLines({ say }: CliContext, window: Window): [string, string][] {
  return [
    [say({ en: 'name', zh: '名称' }), window.name],
    [say({ en: 'selector', zh: '选择器' }), window.selector],
    [say({ en: 'rule', zh: '规则' }), window.rrule],
    [say({ en: 'from', zh: '起始' }), `${window.start} ${window.timeZone}`],
    [say({ en: 'for', zh: '时长' }), showDuration(window.durationMs)],
    [say({ en: 'reason', zh: '原因' }), window.reason],
  ];
}

const remove = defineCommand({
  path: 'window delete',
  summary: { en: 'Remove a window', zh: '删除维护窗口' },
  arguments: { name },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse window delete saturday-night --yes',
      about: { en: 'Without asking', zh: '不询问直接删除' },
    },
  ],
  async run(context, { args, options }) {
    if (!(await confirm(context, context.say(QUESTION, args), { isYes: options.yes }))) return EXIT.cancelled;
    await (await context.connect()).call(windowsRoutes.remove, { params: args });
    return EXIT.ok;
  },
});

const preview = defineCommand({
  path: 'window preview',
  summary: { en: 'Show when hosts are open in the days to come', zh: '显示未来数天内主机的可变更时间' },
  arguments: {},
  options: {
    selector: text({
      short: 's',
      placeholder: 'EXPR',
      about: { en: 'Of these hosts (default: all)', zh: '哪些主机（默认全部）' },
    }),
    days: integer({
      placeholder: 'N',
      min: 1,
      max: PREVIEW_DAYS_MAX,
      about: { en: 'So many days (default 7)', zh: '天数（默认 7）' },
    }),
  },
  examples: [
    {
      line: 'pilothouse window preview -s \'label.site == "bj1"\' --days 7',
      about: { en: 'What could run when', zh: '何时可以执行' },
    },
  ],
  async run(context, { options }) {
    const client = await context.connect();
    const answer = await client.call(windowsRoutes.preview, {
      query: { selector: options.selector ?? 'true', days: options.days ?? 7 },
    });
    if (context.isJson) {
      printJson(context, answer);
      return EXIT.ok;
    }
    for (const group of answer.groups) {
      const names = group.hosts.map(({ hostName }) => hostName).join(', ');
      const more = group.hostsCount > group.hosts.length ? ', …' : '';
      const rules = [...group.windows, ...group.freezes].join(', ');
      const heading = context.say(WORDS.group, { hosts: group.hostsCount, names: `${names}${more}` });
      context.terminal.write(`${heading}${rules === '' ? '' : ` [${rules}]`}\n`);
      for (const { from, to } of group.open) context.terminal.write(`  ${moment(from)} – ${moment(to)}\n`);
      if (group.open.length === 0) context.terminal.write(`  ${context.say(WORDS.never)}\n`);
      if (group.isCut) context.terminal.write('  …\n');
    }
    return EXIT.ok;
  },
});

const WORDS = {
  group: { en: '{hosts} {hosts:host|hosts}: {names}', zh: '{hosts} 台主机：{names}' },
  never: { en: 'never open', zh: '无开放时间' },
};

export const windowCommands = [listWindows, show, set, remove, preview];
