/** From a made plan to its end: says how many hosts and which, asks where it is dangerous, starts exactly that plan, follows. */
import type { Client } from '@pilothouse/client';
import { type EffectClass, type Message, type Plan, planRoutes, rolloutRoutes } from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';
import { closedLine } from './closed-line.ts';
import { confirm } from './confirm.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { followRollout } from './follow-rollout.ts';
import { note, printJson } from './print.ts';
import { plain } from './terminal.ts';

export interface PlanToCarryOut {
  readonly plan: Plan;
  readonly undeterminedCount: number;
  readonly lacking: readonly string[];
  readonly effect: EffectClass;
  readonly kind: 'run' | 'dry-run';
  readonly isYes: boolean;
  /** True: start it and leave. */
  readonly isDetached: boolean;
}

const WORDS = {
  undetermined: {
    en: 'Hosts left out because the selector cannot be decided for them: {count}',
    zh: '因选择器无法判定而未纳入的主机：{count} 台',
  },
  lacking: {
    en: 'These will be skipped, their agents cannot do it: {names}',
    zh: '以下主机将被跳过，其 agent 无法执行：{names}',
  },
  question: {
    en: 'Run "{title}" on {count} {count:host|hosts} ({names})? It counts as {effect}.',
    zh: '在 {count} 台主机（{names}）上执行“{title}”？影响等级：{effect}。',
  },
  no: { en: 'Nothing was started.', zh: '未执行任何操作。' },
  started: {
    en: 'Started {id} on {count} {count:host|hosts}. Watch: pilothouse rollout watch {id}',
    zh: '已在 {count} 台主机上启动 {id}。查看：pilothouse rollout watch {id}',
  },
} satisfies Record<string, Message>;

const EFFECTS: Readonly<Record<EffectClass, Message>> = {
  read: { en: 'read', zh: '只读' },
  reversible: { en: 'reversible', zh: '可撤销' },
  disruptive: { en: 'disruptive', zh: '有中断' },
  destructive: { en: 'destructive', zh: '不可恢复' },
};
const NAMES_SHOWN = 5;
const LACKING_SHOWN = 20;

export async function carryOutPlan(
  context: CliContext,
  client: Client,
  made: PlanToCarryOut,
): Promise<ExitCode> {
  const { plan } = made;
  const count = plan.header.stepsCount;
  if (made.undeterminedCount > 0) {
    note(context, context.say(WORDS.undetermined, { count: made.undeterminedCount }));
  }
  if (made.lacking.length > 0) {
    const names = made.lacking.slice(0, LACKING_SHOWN).map(plain).join(', ');
    note(context, context.say(WORDS.lacking, { names }));
  }
  if (made.kind === 'run' && made.effect !== 'read' && !made.isYes) {
    const question = context.say(WORDS.question, {
      title: plain(plan.header.title),
      count,
      names: await firstNames(client, plan),
      effect: context.say(EFFECTS[made.effect]),
    });
    if (!(await confirm(context, question, { isYes: false }))) {
      note(context, context.say(WORDS.no));
      return EXIT.cancelled;
    }
  }
  if (made.kind === 'dry-run') await sayWhatCloses(context, client, plan);
  const body = { planDigest: plan.digest, kind: made.kind };
  const rollout = await client.call(rolloutRoutes.start, { body });
  if (!made.isDetached) return followRollout(context, client, rollout);
  if (context.isJson) printJson(context, { rollout });
  else context.terminal.write(`${context.say(WORDS.started, { id: rollout.id, count })}\n`);
  return EXIT.ok;
}

/** A dry run looks at closed hosts, too; a run of the same plan would wait there. */
async function sayWhatCloses(context: CliContext, client: Client, { digest }: Plan): Promise<void> {
  if (context.isJson) return;
  const { closed } = await client.call(planRoutes.preview, { params: { digest } });
  for (const group of closed) note(context, plain(closedLine(context, group)));
}

async function firstNames(client: Client, plan: Plan): Promise<string> {
  const steps = await client.call(planRoutes.steps, {
    params: { digest: plan.digest },
    query: { limit: NAMES_SHOWN },
  });
  const names = steps.items.map((step) => plain(step.hostName ?? step.hostId)).join(', ');
  return plan.header.stepsCount > steps.items.length ? `${names}, …` : names;
}
