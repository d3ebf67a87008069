/** How far a rollout is: waves, gates with their verdicts, what it waits for, who can end the wait, and when it would end. */
import type { Explanation, GateStatus, Message, Unblocking, WaveStatus } from '@pilothouse/contract';
import { age, moment, took } from './ages.ts';
import type { CliContext } from './cli-context.ts';
import { stateName } from './print-results.ts';
import { failureLines } from './show-failed-hosts.ts';
import { holderLines } from './show-holders.ts';
import { showPairs } from './show-pairs.ts';
import { type Column, renderTable } from './table.ts';
import { type Colour, paint, plain } from './terminal.ts';

const WORDS = {
  done: { en: 'done', zh: '已完成' },
  running: { en: 'running', zh: '进行中' },
  next: { en: 'next', zh: '下一批' },
  later: { en: 'later', zh: '未开始' },
  gate: { en: 'gate {name}', zh: '关卡 {name}' },
  passed: { en: 'passed', zh: '已通过' },
  toCome: { en: 'to come', zh: '尚未开始' },
  soak: { en: '{left} of {soak} left', zh: '还需 {left}（共 {soak}）' },
  holds: { en: 'holds', zh: '成立' },
  fails: { en: 'fails', zh: '不成立' },
  undetermined: { en: 'cannot be judged', zh: '无法判定' },
  waits: { en: 'waits for  {title}', zh: '等待：{title}' },
  since: { en: ' (for {age})', zh: '（已 {age}）' },
  throttle: { en: 'At most {allowed} at a time, held by {by}', zh: '同时最多 {allowed} 台，限制来自 {by}' },
  ends: { en: 'At this rate it ends at {at}', zh: '按当前速度将于 {at} 结束' },
  noRate: {
    en: 'When it ends cannot be said yet: no host has ended its work',
    zh: '尚无主机完成，暂无法估计结束时间',
  },
  earliest: { en: 'Not before {at}: it also waits for {what}', zh: '不早于 {at}，还取决于：{what}' },
  parts: { en: ' ({parts})', zh: '（{parts}）' },
  work: { en: 'work {span}', zh: '执行 {span}' },
  gates: { en: 'gates {span}', zh: '关卡 {span}' },
  closed: { en: 'closed windows {span}', zh: '窗口关闭 {span}' },
  of: { en: '{count} {state}', zh: '{state} {count}' },
  inFlight: { en: 'the limit of tasks in flight', zh: '同时执行数上限' },
  failures: { en: 'the limit of failures', zh: '失败数上限' },
  waveFailures: { en: 'the limit of failures in a wave', zh: '单批失败数上限' },
} satisfies Record<string, Message>;

const DEPENDS: Readonly<Record<string, Message>> = {
  WAITS_FOR_CONFIRMATION: { en: 'a person to confirm', zh: '人工确认' },
  WAITS_FOR_RESUME: { en: 'being resumed', zh: '恢复执行' },
  WAITS_FOR_STOP_CLEARED: { en: 'an emergency stop to be cleared', zh: '解除紧急停止' },
  WAITS_FOR_HOSTS: { en: 'hosts that are offline', zh: '离线主机' },
  WAITS_FOR_BUDGET: { en: 'room in a budget', zh: '预算余量' },
  WAITS_FOR_GATE: { en: 'a gate that cannot be judged', zh: '无法判定的关卡' },
  WAITS_FOR_WINDOW: { en: 'a window of which nobody knows when it opens', zh: '开放时间未知的窗口' },
};

const UNBLOCKERS: Readonly<Record<Unblocking['by'], Message>> = {
  person: {
    en: 'A person with {permission} can go on: {command}',
    zh: '拥有 {permission} 权限者可放行：{command}',
  },
  host: { en: 'Ends when the hosts answer', zh: '主机应答后结束' },
  time: { en: 'Goes on by itself', zh: '将自动继续' },
  rollout: { en: 'Ends when other work has ended', zh: '其他工作结束后继续' },
  server: { en: 'The server asks again by itself', zh: '服务器会自动重试' },
};
const SOONER: Message = { en: '; see {command}', zh: '；参见 {command}' };

/** `A person with rollouts.control can go on: pilothouse …`. */
export function unblockingText(context: Pick<CliContext, 'say'>, unblocking: Unblocking): string {
  const { by, permission, command } = unblocking;
  const text = context.say(UNBLOCKERS[by], { permission, command });
  return by === 'person' || command === null ? text : text + context.say(SOONER, { command });
}

interface StageRow {
  readonly name: string;
  readonly hosts: string;
  readonly failures: string;
  readonly state: string;
  readonly colour: Colour | null;
}

/** The ordinary breathing of a rollout: what it waits for at any moment, and nobody needs to be told. */
const QUIET: readonly string[] = [
  'WAITS_FOR_RUNNING',
  'WAITS_FOR_IN_FLIGHT',
  'WAITS_FOR_FAILURE_THROTTLE',
  'WAITS_FOR_OUTCOME',
  'WAITS_FOR_WAVE',
  'WAITS_FOR_SERVER',
];
export const isQuiet = (code: string): boolean => QUIET.includes(code);

/** All of it, for `rollout explain`. */
export const showStages = (context: CliContext, answer: Explanation): string =>
  [
    waveTable(context, answer),
    ...waitLines(context, answer),
    ...reasonLines(context, answer),
    ...failureLines(context, answer),
    ...endLines(context, answer),
  ].join('');

/** Without what goes on by itself: for somebody who is watching anyhow. */
export function showNews(context: CliContext, answer: Explanation): string {
  const { waitingFor } = answer.rollout;
  const reasons = answer.reasons.filter(
    ({ code, holders }) => !isQuiet(code) && (code !== waitingFor?.code || holders.length > 0),
  );
  return [
    waveTable(context, answer),
    ...(waitingFor === null || isQuiet(waitingFor.code) ? [] : waitLines(context, answer)),
    ...reasonLines(context, { ...answer, reasons }),
    ...failureLines(context, answer),
    ...endLines(context, { ...answer, throttle: null }),
  ].join('');
}

/** Who holds what a rollout waits for, and nothing else: for somebody who has read what it waits for. */
export const showHeld = (context: CliContext, { reasons }: Explanation): string =>
  reasons
    .filter(({ code }) => !isQuiet(code))
    .flatMap((reason) => holderLines(context, reason).map((line) => `  ${line}\n`))
    .join('');

function waveTable(context: CliContext, { waves, gates, rollout }: Explanation): string {
  if (waves.length === 0) return '';
  const rows = waves.flatMap((wave, number): StageRow[] => [
    waveRow(context, wave, {
      // Before it runs its first wave is the one that comes next.
      ahead: number - rollout.wave + (rollout.startedAt === null ? 1 : 0),
      isEnded: rollout.endedAt !== null,
    }),
    ...gates.filter((gate) => gate.wave === number + 1).map((gate) => gateRow(context, gate)),
  ]);
  const columns: Column<StageRow>[] = [
    { title: { en: 'WAVE', zh: '批次' }, value: (row) => row.name },
    { title: { en: 'HOSTS', zh: '主机' }, align: 'end', value: (row) => row.hosts },
    { title: { en: 'FAILED', zh: '失败' }, align: 'end', value: (row) => row.failures },
    { title: { en: 'STATE', zh: '状态' }, value: (row) => row.state, colour: (row) => row.colour },
  ];
  return renderTable(context, columns, rows);
}

function waveRow(
  context: CliContext,
  wave: WaveStatus,
  { ahead, isEnded }: { readonly ahead: number; readonly isEnded: boolean },
): StageRow {
  const isDone = wave.endedCount === wave.hostsCount;
  const word = isDone ? WORDS.done : ahead === 0 ? WORDS.running : ahead === 1 ? WORDS.next : WORDS.later;
  const max = wave.failuresMax === null ? '' : ` (≤ ${wave.failuresMax})`;
  const outcome = isEnded || (isDone && wave.failuresCount > 0) ? outcomeText(context, wave) : '';
  const isWell = isDone && (wave.counts === null || wave.counts.succeeded === wave.hostsCount);
  return {
    name: wave.name,
    hosts: `${wave.endedCount}/${wave.hostsCount}`,
    failures: `${wave.failuresCount}${max}`,
    state: outcome === '' ? context.say(word) : outcome,
    colour: wave.failuresCount > 0 ? 'red' : isWell ? 'green' : ahead === 0 && !isEnded ? 'yellow' : null,
  };
}

/** `2 succeeded, 1 failed`. */
const outcomeText = (context: CliContext, { counts }: WaveStatus): string =>
  Object.entries(counts ?? {})
    .filter(([, count]) => count > 0)
    .map(([state, count]) => context.say(WORDS.of, { count, state: stateName(context, state) }))
    .join(', ');

function gateRow(context: CliContext, gate: GateStatus): StageRow {
  const { verdict } = gate;
  return {
    name: `  ${context.say(WORDS.gate, { name: gate.name })}`,
    hosts: '',
    failures: '',
    state: gateState(context, gate),
    colour:
      verdict?.kind === 'fails'
        ? 'red'
        : gate.state === 'passed'
          ? 'green'
          : gate.state === 'now'
            ? 'yellow'
            : null,
  };
}

/** `holds, 4m of 10m left (load1=0.4 …)`. */
function gateState(context: CliContext, gate: GateStatus): string {
  const { say } = context;
  if (gate.state === 'to-come') return say(WORDS.toCome);
  const { verdict, soakMs, soakedMs } = gate;
  const why = verdict?.reason ?? null;
  const parts = [
    gate.state === 'passed' ? say(WORDS.passed) : verdict === null ? '' : say(WORDS[verdict.kind]),
    why === null ? '' : context.describe(why.code, why.details).title,
    gate.state === 'now' && soakMs !== null && soakMs > 0
      ? say(WORDS.soak, { left: span(Math.max(0, soakMs - (soakedMs ?? 0))), soak: span(soakMs) })
      : '',
    verdict === null ? '' : showPairs(verdict.evidence),
  ];
  return parts.filter((part) => part !== '').join(' · ') || say(WORDS.running);
}

const EPOCH = new Date(0).toISOString();
const span = (ms: number): string => took(EPOCH, new Date(ms).toISOString());

function waitLines(context: CliContext, { rollout, unblocking }: Explanation): string[] {
  const { waitingFor } = rollout;
  if (waitingFor === null)
    return rollout.endedAt === null ? [`${context.say(WORDS.waits, { title: '-' })}\n`] : [];
  const { title, hint } = context.describe(waitingFor.code, waitingFor.details);
  const since = context.say(WORDS.since, { age: age(waitingFor.since, context.clock.now()) });
  const head = paint(context.terminal, 'bold', plain(context.say(WORDS.waits, { title })));
  return [
    `${head}${since}\n`,
    unblocking === null
      ? hint === ''
        ? ''
        : `  ${plain(hint)}\n`
      : `  ${plain(unblockingText(context, unblocking))}\n`,
  ];
}

function reasonLines(context: CliContext, { reasons, rollout }: Explanation): string[] {
  const { waitingFor } = rollout;
  const said = waitingFor === null ? null : context.describe(waitingFor.code, waitingFor.details).title;
  return reasons.map((reason) => {
    const { title } = context.describe(reason.code, reason.details);
    // What the rollout as a whole waits for has just been said.
    const isSaid = title === said;
    const held = holderLines(context, reason);
    // Those that are under way or away are their own holders.
    const isSame = reason.holders.some(({ hostId }) => reason.hosts.some((host) => host.hostId === hostId));
    const names = isSame ? '' : reason.hosts.map((host) => plain(host.hostName)).join(', ');
    const lines = [
      ...(isSaid
        ? []
        : [
            `${paint(context.terminal, 'bold', plain(title))} (${reason.hostsCount})`,
            `  ${plain(unblockingText(context, reason.unblocking))}`,
          ]),
      ...held.map((line) => `  ${line}`),
      ...(names === '' ? [] : [`  ${names}`]),
    ];
    return lines.map((line) => `${line}\n`).join('');
  });
}

function endLines(context: CliContext, { throttle, endsAt, forecast, rollout }: Explanation): string[] {
  const { say } = context;
  const isUnderWay = rollout.startedAt !== null && rollout.endedAt === null && rollout.waitingFor !== null;
  const by =
    throttle === null
      ? ''
      : say(
          throttle.by === 'in-flight'
            ? WORDS.inFlight
            : throttle.by === 'failures'
              ? WORDS.failures
              : WORDS.waveFailures,
        );
  return [
    throttle === null ? '' : `${say(WORDS.throttle, { allowed: throttle.allowed, by })}\n`,
    endsAt === null
      ? isUnderWay
        ? `${say(WORDS.noRate)}\n`
        : ''
      : `${endText(context, endsAt, forecast)}\n`,
  ];
}

function endText({ say }: CliContext, endsAt: string, forecast: Explanation['forecast']): string {
  const at = moment(endsAt);
  if (forecast === null) return say(WORDS.ends, { at });
  const { workMs, gatesMs, closedMs, dependsOn } = forecast;
  const spans = [
    [WORDS.work, workMs],
    [WORDS.gates, gatesMs],
    [WORDS.closed, closedMs],
  ] as const;
  const named = spans.filter(([, ms]) => ms > 0).map(([words, ms]) => say(words, { span: span(ms) }));
  const parts = named.length === 0 ? '' : say(WORDS.parts, { parts: named.join(', ') });
  const what = dependsOn.map((code) => say(DEPENDS[code] ?? { en: code, zh: code })).join(', ');
  return (dependsOn.length === 0 ? say(WORDS.ends, { at }) : say(WORDS.earliest, { at, what })) + parts;
}
