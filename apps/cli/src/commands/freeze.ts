import {
  type CliContext,
  type Column,
  confirm,
  defineCommand,
  duration,
  EXIT,
  fullStart,
  moment,
  one,
  parseMoment,
  printRecord,
  printRows,
  readList,
  recurrenceOptions,
  showDuration,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { AppError, type Freeze, type FreezeSpan, freezesRoutes } from '@pilothouse/contract';
import { findOrNull } from './find-or-null.ts';
import { ruleMeaning } from './rule-meaning.ts';

const name = one({ en: 'Name of the freeze', zh: '冻结期名称' });
const WORDS = {
  all: { en: 'all hosts', zh: '全部主机' },
  question: {
    en: 'Remove freeze {name}? Its hosts may be changed again.',
    zh: '删除冻结期 {name}？其主机将可再次变更。',
  },
};

const showSpan = (span: FreezeSpan): string =>
  'from' in span
    ? `${moment(span.from)} – ${moment(span.to)}`
    : `${span.rrule} ${span.start} ${span.timeZone} ${showDuration(span.durationMs)}`;

const listFreezes = defineCommand({
  path: 'freeze',
  summary: { en: 'List freezes: when hosts may not be changed', zh: '列出冻结期：禁止变更主机的时间' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse freeze', about: { en: 'By name', zh: '按名称列出' } }],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(freezesRoutes.list, { query }));
    const columns: Column<Freeze>[] = [
      { title: { en: 'NAME', zh: '名称' }, value: (freeze) => freeze.name },
      { title: { en: 'WHEN', zh: '时间' }, value: (freeze) => showSpan(freeze.span) },
      { title: { en: 'HOSTS', zh: '主机' }, value: (freeze) => freeze.selector ?? context.say(WORDS.all) },
      { title: { en: 'REASON', zh: '原因' }, value: (freeze) => freeze.reason },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const set = defineCommand({
  path: 'freeze set',
  summary: { en: 'Make a freeze or change it', zh: '创建或修改冻结期' },
  details: {
    en: 'From one moment to another (--from, --to), or again and again (--rule, --zone, --start, --for). Nothing starts on its hosts then; what runs goes on.',
    zh: '指定起止时刻（--from、--to），或按规则重复（--rule、--zone、--start、--for）。期间不会在其主机上开始新的操作；已在运行的继续。',
  },
  arguments: { name },
  options: {
    selector: text({
      short: 's',
      placeholder: 'EXPR',
      about: { en: 'Which hosts (default: all)', zh: '哪些主机（默认全部）' },
    }),
    from: text({
      placeholder: 'TIME',
      about: { en: 'It begins (UTC unless it says a zone; now)', zh: '开始时间（默认 UTC；可写 now）' },
    }),
    to: text({ placeholder: 'TIME', about: { en: 'It ends', zh: '结束时间' } }),
    ...recurrenceOptions,
    for: duration({ placeholder: '4h', about: { en: 'How long each time', zh: '每次时长' } }),
    reason: text({ placeholder: 'TEXT', about: { en: 'Why it is there', zh: '设置原因' } }),
  },
  examples: [
    {
      line: "pilothouse freeze set new-year --from 2026-12-31T12:00:00Z --to 2027-01-02T00:00:00Z --reason 'nobody is there'",
      about: { en: 'Once, for all hosts', zh: '一次性，适用全部主机' },
    },
    {
      line: "pilothouse freeze set office-hours -s 'label.role == \"web\"' --rule 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR' --start 2026-01-05T09:00 --for 9h --zone Europe/Berlin",
      about: { en: 'On every working day', zh: '每个工作日' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const before = await findOrNull(client.call(freezesRoutes.get, { params: args }));
    const span = spanOf(context, options, before?.span ?? null);
    if (span === null)
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse freeze set',
        argument: '--from TIME --to TIME | --rule RRULE --zone ZONE --start TIME --for 4h',
      });
    const freeze = await client.call(freezesRoutes.put, {
      params: args,
      body: {
        selector: options.selector ?? before?.selector ?? null,
        span,
        reason: options.reason ?? before?.reason ?? '',
      },
      ...(before === null ? {} : { etag: before.etag }),
    });
    const changed = context.say({ en: 'changed by', zh: '修改者' });
    printRecord(context, freeze, [...freezeLines(context, freeze), [changed, freeze.changedBy]]);
    return EXIT.ok;
  },
});

const show = defineCommand({
  path: 'freeze show',
  summary: {
    en: 'Show a freeze: when it closes next, whom it covers, who made it',
    zh: '显示冻结期：接下来的冻结时间、覆盖的主机和创建者',
  },
  arguments: { name },
  options: {},
  examples: [
    {
      line: 'pilothouse freeze show new-year',
      about: { en: 'Who stops everything, and until when', zh: '谁设置的、到何时为止' },
    },
  ],
  async run(context, { args }) {
    const freeze = await (await context.connect()).call(freezesRoutes.get, { params: args });
    printRecord(context, freeze, [...freezeLines(context, freeze), ...ruleMeaning(context, freeze)]);
    return EXIT.ok;
  },
});

function freezeLines({ say }: CliContext, freeze: Freeze): [string, string][] {
  return [
    [say({ en: 'name', zh: '名称' }), freeze.name],
    [say({ en: 'hosts', zh: '主机' }), freeze.selector ?? say(WORDS.all)],
    [say({ en: 'when', zh: '时间' }), showSpan(freeze.span)],
    [say({ en: 'reason', zh: '原因' }), freeze.reason],
  ];
}

interface SpanOptions {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly rule: string | undefined;
  readonly zone: string | undefined;
  readonly start: string | undefined;
  readonly for: number | undefined;
}

/** What was said of when, over what the freeze says already; null: a part is missing. AppError CLI_OPTIONS_CONFLICT. */
function spanOf(
  context: Pick<CliContext, 'clock'>,
  options: SpanOptions,
  before: FreezeSpan | null,
): FreezeSpan | null {
  const { from, to, rule, zone, start } = options;
  const once = from === undefined && to === undefined ? null : from === undefined ? '--to' : '--from';
  const again = Object.entries({ '--rule': rule, '--zone': zone, '--start': start, '--for': options.for });
  const [second = null] = again.flatMap(([option, value]) => (value === undefined ? [] : [option]));
  if (once !== null && second !== null) throw new AppError('CLI_OPTIONS_CONFLICT', { first: once, second });
  if (once !== null) return onceOf(context, options, before !== null && 'from' in before ? before : null);
  if (second === null) return before;
  const known = before !== null && 'rrule' in before ? before : null;
  const rrule = rule ?? known?.rrule;
  const timeZone = zone ?? known?.timeZone;
  const first = start ?? known?.start;
  const durationMs = options.for ?? known?.durationMs;
  if (rrule === undefined || timeZone === undefined || first === undefined || durationMs === undefined)
    return null;
  return { rrule, timeZone, start: fullStart(first), durationMs };
}

function onceOf(
  context: Pick<CliContext, 'clock'>,
  { from, to }: SpanOptions,
  known: { readonly from: string; readonly to: string } | null,
): FreezeSpan | null {
  const now = context.clock.now();
  const at = (time: string): string =>
    time === 'now' ? new Date(now).toISOString() : parseMoment(time, now);
  const begin = from === undefined ? known?.from : at(from);
  const end = to === undefined ? known?.to : at(to);
  return begin === undefined || end === undefined ? null : { from: begin, to: end };
}

const remove = defineCommand({
  path: 'freeze delete',
  summary: { en: 'Remove a freeze', zh: '删除冻结期' },
  arguments: { name },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse freeze delete new-year --yes',
      about: { en: 'Without asking', zh: '不询问直接删除' },
    },
  ],
  async run(context, { args, options }) {
    if (!(await confirm(context, context.say(WORDS.question, args), { isYes: options.yes })))
      return EXIT.cancelled;
    await (await context.connect()).call(freezesRoutes.remove, { params: args });
    return EXIT.ok;
  },
});

export const freezeCommands = [listFreezes, show, set, remove];
