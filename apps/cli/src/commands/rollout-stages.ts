import {
  actionText,
  type CliContext,
  choice,
  confirm,
  defineCommand,
  EXIT,
  flag,
  followRollout,
  moment,
  note,
  plain,
  printJson,
  printRecord,
  printRows,
  readList,
  rolloutStateName,
  showPairs,
  showStages,
  text,
  watchOptions,
  watchView,
  yesOption,
} from '@pilothouse/cli-kit';
import type { Client } from '@pilothouse/client';
import {
  AppError,
  type MadePlan,
  type Message,
  type PlanPreview,
  planRoutes,
  predictionRoutes,
  type Rollout,
  rolloutRoutes,
} from '@pilothouse/contract';
import { printTracks } from './plan-view.ts';
import { type PredictionRow, printPredictions } from './prediction-view.ts';
import { rolloutId as id } from './rollout-results.ts';

export const explain = defineCommand({
  path: 'rollout explain',
  summary: {
    en: 'Say how far it is, what it waits for and who can end that',
    zh: '说明进展、等待的原因以及谁可以放行',
  },
  arguments: { id },
  options: { ...watchOptions },
  examples: [
    {
      line: 'pilothouse rollout explain r_0k3v9d2qa7m8f4q7xz',
      about: { en: 'Why it does not go on', zh: '查看未继续的原因' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const params = { rolloutId: args.id };
    await watchView(context, options, async () => {
      const answer = await client.call(rolloutRoutes.explain, { params });
      if (context.isJson) return printJson(context, answer);
      printHead(context, answer.rollout);
      context.terminal.write(showStages(context, answer));
    });
    return EXIT.ok;
  },
});

function printHead(context: CliContext, rollout: Rollout): void {
  const { say } = context;
  const { code, details } = rollout.cause;
  const why = context.describe(code, details).title;
  const evidence = evidenceOf(context, details);
  printRecord(context, rollout, [
    [say({ en: 'rollout', zh: '发布' }), `${rollout.id} ${rollout.title}`],
    [say({ en: 'state', zh: '状态' }), `${rolloutStateName(context, rollout.state)} (${why})`],
    ...(evidence === '' ? [] : [[say({ en: 'evidence', zh: '依据' }), evidence] as const]),
    [say({ en: 'expires', zh: '过期于' }), moment(rollout.expiresAt)],
  ]);
}

/** What a halt at a gate was judged by: its reason in words, then what was counted. */
function evidenceOf(context: CliContext, { reason, evidence }: Rollout['cause']['details']): string {
  const words: string[] = [];
  if (isObject(reason) && typeof reason['code'] === 'string' && isObject(reason['details']))
    words.push(context.describe(reason['code'], reason['details']).title);
  if (isObject(evidence)) words.push(showPairs(evidence));
  return plain(words.join(' · '));
}

/** Hosts mostly do the same: what a plan is about shows in its first steps. */
const STEPS_LOOKED_AT_MAX = 2000;
const THINGS_SHOWN_MAX = 20;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const WORDS = {
  confirm: {
    en: 'Gate "{gate}" after wave {wave} asks: {text} Go on?',
    zh: '第 {wave} 批之后的关卡“{gate}”询问：{text} 是否继续？',
  },
  undo: {
    en: 'Undo "{title}" on {count} {count:host|hosts}, in {waves} {waves:wave|waves}?',
    zh: '在 {count} 台主机上分 {waves} 批撤销“{title}”？',
  },
  restores: { en: 'What is restored on each host that changed it:', zh: '将在已更改的主机上还原：' },
  remains: { en: 'What stays as it is:', zh: '以下内容不会还原：' },
  nothing: { en: 'Nothing was started.', zh: '未执行任何操作。' },
  noDryRun: {
    en: 'There was no dry run of this plan. Make one before a run: pilothouse plan predict PLAN',
    zh: '该计划没有试运行。可在执行前进行：pilothouse plan predict 计划',
  },
} satisfies Record<string, Message>;

export const confirmGate = defineCommand({
  path: 'rollout confirm',
  summary: { en: 'Say "go on" at the gate that waits for a person', zh: '在等待人工确认的关卡处放行' },
  arguments: { id },
  options: {
    gate: text({
      placeholder: 'NAME',
      about: { en: 'The gate, when nobody is there to be asked', zh: '关卡名称（无人应答时使用）' },
    }),
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse rollout confirm r_0k3v9d2qa7m8f4q7xz --gate confirm --yes',
      about: { en: 'The next wave begins', zh: '开始下一批' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const params = { rolloutId: args.id };
    const { waitingFor, strategy, wave } = await client.call(rolloutRoutes.get, { params });
    const named = waitingFor?.code === 'WAITS_FOR_CONFIRMATION' ? waitingFor.details['gate'] : '';
    const now = typeof named === 'string' ? named : '';
    const gate = options.gate ?? now;
    if (gate === '') throw new AppError('CLI_NO_GATE_WAITS', { rolloutId: args.id });
    const asked = strategy.gates?.find((each) => each.name === gate);
    const question = context.say(WORDS.confirm, {
      gate: plain(gate),
      wave: wave + 1,
      text: asked?.kind === 'confirm' ? plain(asked.text) : '',
    });
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const rollout = await client.call(rolloutRoutes.confirm, { params, body: { gate } });
    printHead(context, rollout);
    return EXIT.ok;
  },
});

export const rollback = defineCommand({
  path: 'rollout rollback',
  summary: {
    en: 'Undo what an ended rollout changed, in reversed waves',
    zh: '按相反批次撤销已结束发布的更改',
  },
  details: {
    en: 'A plan and a rollout of their own. A host whose records are gone fails, and the rollback halts: nothing is guessed. Rolling back twice is harmless.',
    zh: '以新的计划和发布执行。记录缺失的主机会失败，回滚随即中止，绝不猜测。重复回滚没有影响。',
  },
  arguments: { id },
  options: {
    dry: flag({ about: { en: 'Show what it would be; start nothing', zh: '仅展示，不启动' } }),
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse rollout rollback r_0k3v9d2qa7m8f4q7xz --dry',
      about: { en: 'Where, in which order, and what stays', zh: '查看主机、顺序以及无法还原的内容' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const params = { rolloutId: args.id };
    const undone = await client.call(rolloutRoutes.get, { params });
    const { made } = await client.call(rolloutRoutes.rollback, { params, body: { preview: true } });
    const { undo } = await client.call(planRoutes.preview, { params: { digest: undone.planDigest } });
    if (options.dry && context.isJson) printJson(context, { made, undo });
    else if (!context.isJson) {
      printRestored(context, await readRestored(client, undone.planDigest));
      printUndo(context, made, undo);
    }
    if (options.dry) return EXIT.ok;
    const count = made.hostsCount;
    const waves = made.plan.header.waves?.length ?? 1;
    const question = context.say(WORDS.undo, { title: plain(undone.title), count, waves });
    if (!(await confirm(context, question, { isYes: options.yes }))) {
      note(context, context.say(WORDS.nothing));
      return EXIT.cancelled;
    }
    const { rollout } = await client.call(rolloutRoutes.rollback, { params, body: { preview: false } });
    // Only a preview has none.
    return rollout === null ? EXIT.ok : followRollout(context, client, rollout);
  },
});

/** What the plan changed, each thing once: `files.manage /etc/motd`. */
async function readRestored(client: Client, planDigest: string): Promise<string[]> {
  const things = new Set<string>();
  const steps = await readList(STEPS_LOOKED_AT_MAX, (query) =>
    client.call(planRoutes.steps, { params: { digest: planDigest }, query }),
  );
  for (const { actions } of steps)
    for (const each of actions) if (each.undo !== null) things.add(actionText(each));
  return [...things];
}

function printRestored(context: CliContext, things: readonly string[]): void {
  if (things.length === 0) return;
  context.terminal.write(`${context.say(WORDS.restores)}\n`);
  for (const thing of things.slice(0, THINGS_SHOWN_MAX)) context.terminal.write(`  ${plain(thing)}\n`);
  if (things.length > THINGS_SHOWN_MAX) context.terminal.write(`  … (${things.length})\n`);
}

function printUndo(context: CliContext, made: MadePlan, undo: PlanPreview['undo']): void {
  const { waves = [{ name: 'wave 1', hostsCount: made.hostsCount }] } = made.plan.header;
  printRows(
    context,
    [
      { title: { en: 'WAVE', zh: '批次' }, value: (wave) => wave.name },
      { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (wave) => String(wave.hostsCount) },
    ],
    waves,
  );
  if (undo.lacking.length === 0) return;
  context.terminal.write(`${context.say(WORDS.remains)}\n`);
  for (const { action, reason } of undo.lacking)
    context.terminal.write(`  ${plain(action)}: ${plain(context.say(reason))}\n`);
}

export const prediction = defineCommand({
  path: 'rollout prediction',
  summary: {
    en: 'What the dry run said of each host, beside what the run did',
    zh: '试运行对各主机的预测，以及与实际执行的对比',
  },
  arguments: { id },
  options: {
    verdict: choice(['matched', 'differs', 'not-comparable'], {
      placeholder: 'VERDICT',
      about: { en: 'Only hosts where it came out so', zh: '仅显示该结果的主机' },
    }),
  },
  examples: [
    {
      line: 'pilothouse rollout prediction r_0k3v9d2qa7m8f4q7xz --verdict differs',
      about: { en: 'Where the dry run was wrong', zh: '查看预测错误的主机' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const { dryRunId, tracks, items } = await readPrediction(client, args.id);
    const rows = items
      .flatMap((host): PredictionRow[] => host.actions.map((action) => ({ ...host, action })))
      .filter((row) => options.verdict === undefined || row.action.verdict === options.verdict);
    if (context.isJson) printJson(context, { dryRunId, tracks, items });
    else if (dryRunId === null) note(context, context.say(WORDS.noDryRun));
    else printPredictions(context, rows);
    if (!context.isJson) printTracks(context, tracks);
    return EXIT.ok;
  },
});

async function readPrediction(client: Client, rolloutId: string) {
  let dryRunId: string | null = null;
  let tracks: PlanPreview['tracks'] = [];
  const items = await readList(undefined, async (page) => {
    const answer = await client.call(predictionRoutes.get, { params: { rolloutId }, query: page });
    ({ dryRunId, tracks } = answer);
    return answer;
  });
  return { dryRunId, tracks, items };
}
