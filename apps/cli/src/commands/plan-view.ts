import {
  type CliContext,
  type Column,
  closedLine,
  namesOf,
  note,
  paint,
  plain,
  printRows,
  took,
  windowText,
} from '@pilothouse/cli-kit';
import type { ActionTrack, Gate, Message, Plan, PlanPreview, PreviewWave } from '@pilothouse/contract';

const WORDS = {
  moreWaves: { en: '… and {count} {count:wave|waves} more', zh: '……另有 {count} 批' },
  gates: { en: 'Between waves', zh: '批次之间' },
  approvals: {
    en: 'Waits for approval: {given} of {required} have said yes (pilothouse approve {digest})',
    zh: '等待审批：已通过 {given}/{required}（pilothouse approve {digest}）',
  },
  undoComplete: {
    en: 'Can be undone: every action records what it needs',
    zh: '可撤销：所有操作都会记录还原所需信息',
  },
  undoPartial: { en: 'Can be undone in part; not undone are:', zh: '可部分撤销；无法撤销的有：' },
  undoNone: { en: 'Cannot be undone:', zh: '无法撤销：' },
  windows: {
    en: 'Runs only within its own windows: {windows}',
    zh: '仅在计划自身的窗口内执行：{windows}',
  },
  lacking: {
    en: 'Will be skipped, their agents cannot do it: {count} {count:host|hosts}',
    zh: 'agent 无法执行而将被跳过：{count} 台',
  },
  matching: {
    en: 'The target would mean {now} {now:host|hosts} now; the plan has {count}',
    zh: '该目标现在对应 {now} 台主机；计划包含 {count} 台',
  },
  track: {
    en: 'Dry runs of {action} have been right on {matched} of {compared} {compared:host|hosts}{rest}',
    zh: '{action} 的试运行在 {compared} 台中有 {matched} 台预测正确{rest}',
  },
  trackRest: { en: ' ({count} could not be compared)', zh: '（{count} 台无法比较）' },
  noTrack: {
    en: 'No dry run of {action} has been compared with a run yet',
    zh: '尚无 {action} 的试运行与实际执行的对比',
  },
  each: { en: 'after each wave', zh: '每批之后' },
  after: { en: 'after wave {wave}', zh: '第 {wave} 批之后' },
} satisfies Record<string, Message>;

/** What people look at before they start a plan. */
export function printPreview(context: CliContext, plan: Plan, preview: PlanPreview): void {
  printWaves(context, preview);
  printGates(context, plan.header.strategy.gates ?? []);
  const say = (message: Message, parameters: Record<string, unknown> = {}): void =>
    context.terminal.write(`${plain(context.say(message, parameters))}\n`);
  if (preview.approvals !== null) say(WORDS.approvals, { ...preview.approvals, digest: plan.digest });
  const { windows } = plan.header.strategy;
  if (windows !== undefined) say(WORDS.windows, { windows: windows.map(windowText).join(' · ') });
  for (const group of preview.closed) context.terminal.write(`${plain(closedLine(context, group))}\n`);
  if (preview.lackingCount > 0) say(WORDS.lacking, { count: preview.lackingCount });
  if (preview.matchingNow !== null && preview.matchingNow !== plan.header.stepsCount)
    say(WORDS.matching, { now: preview.matchingNow, count: plan.header.stepsCount });
  printUndo(context, preview.undo);
  printTracks(context, preview.tracks);
}

function printWaves(context: CliContext, preview: PlanPreview): void {
  const columns: Column<PreviewWave>[] = [
    { title: { en: 'WAVE', zh: '批次' }, value: (wave) => wave.name },
    { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (wave) => String(wave.hostsCount) },
    { title: { en: 'WHO', zh: '主机' }, value: (wave) => namesOf(wave.hosts, wave.hostsCount) },
    { title: { en: 'BUDGETS', zh: '预算' }, value: (wave) => wave.budgets.map(budgetText).join('; ') || '-' },
    { title: { en: 'THEN', zh: '之后' }, value: (wave) => wave.gates.join(', ') || '-' },
  ];
  printRows(context, columns, preview.waves);
  const hidden = preview.wavesCount - preview.waves.length;
  if (hidden > 0) note(context, context.say(WORDS.moreWaves, { count: hidden }));
}

/** `etcd (r7): 3 of these, 1 may be down, 0 are` as `etcd (r7) 0/1`. */
const budgetText = ({ name, domain, down, allowed }: PreviewWave['budgets'][number]): string =>
  `${name}${domain === null || domain === '' ? '' : ` (${domain})`} ${down}/${allowed}`;

function printGates(context: CliContext, gates: readonly Gate[]): void {
  if (gates.length === 0) return;
  context.terminal.write(`${paint(context.terminal, 'bold', context.say(WORDS.gates))}\n`);
  for (const gate of gates) context.terminal.write(`  ${plain(gateLine(context, gate))}\n`);
}

/** Its name, what must hold, and where it stands. */
export function gateLine({ say }: Pick<CliContext, 'say'>, gate: Gate): string {
  const place = gate.after === 'each' ? say(WORDS.each) : say(WORDS.after, { wave: gate.after });
  return `${gate.name}: ${gateText({ say }, gate)}, ${place}`;
}

const SOAK: Message = { en: ' through {soak}', zh: '，持续 {soak}' };
const GATES = {
  check: { en: '{expression} holds{soak}', zh: '{expression} 成立{soak}' },
  probes: { en: 'probes pass{soak}', zh: '探测通过{soak}' },
  compare: {
    en: 'touched hosts are not worse in {measures}{soak}',
    zh: '已变更主机的 {measures} 不劣于未变更主机{soak}',
  },
  confirm: { en: 'a person says: {text}', zh: '由人确认：{text}' },
  wait: { en: 'waits {soak}', zh: '等待 {soak}' },
  notify: { en: 'tells {channel}', zh: '通知 {channel}' },
} satisfies Record<Gate['kind'], Message>;

/** What must hold, in one line. */
export function gateText(context: Pick<CliContext, 'say'>, gate: Gate): string {
  const said: Record<string, unknown> = { ...gate };
  if (gate.kind === 'wait') said['soak'] = durationText(gate.waitMs);
  else if ('soakMs' in gate)
    said['soak'] = gate.soakMs === 0 ? '' : context.say(SOAK, { soak: durationText(gate.soakMs) });
  if (gate.kind === 'compare')
    said['measures'] = gate.measures
      .map((each) => (each.kind === 'vital' ? each.vital : each.query))
      .join(', ');
  return context.say(GATES[gate.kind], said);
}

const EPOCH = new Date(0).toISOString();
export const durationText = (ms: number): string => took(EPOCH, new Date(ms).toISOString());

function printUndo(context: CliContext, { kind, lacking }: PlanPreview['undo']): void {
  if (kind === 'none-needed') return;
  const words = { complete: WORDS.undoComplete, partial: WORDS.undoPartial, none: WORDS.undoNone }[kind];
  context.terminal.write(`${context.say(words)}\n`);
  for (const { action, reason } of lacking)
    context.terminal.write(`  ${plain(action)}: ${plain(context.say(reason))}\n`);
}

export function printTracks(context: CliContext, tracks: readonly ActionTrack[]): void {
  for (const { action, compared, matched, notComparable } of tracks) {
    const rest = notComparable === 0 ? '' : context.say(WORDS.trackRest, { count: notComparable });
    const words = compared === 0 ? WORDS.noTrack : WORDS.track;
    context.terminal.write(`${context.say(words, { action, compared, matched, rest })}\n`);
  }
}
