import { confirm, EXIT, flag, note, one, printRecord, rest, text, yesOption } from '@pilothouse/cli-kit';
import { AppError, ApprovalRules, approvalRoutes } from '@pilothouse/contract';
import { defineAppCommand } from '../define-app-command.ts';
import { fetchCheckedPlan } from '../signing/fetch-checked-plan.ts';
import { showAuthority } from '../signing/show-authority.ts';
import { showPlan } from '../signing/show-plan.ts';
import { fullOption } from './step-view.ts';

const digestArgument = one({ en: 'Digest of the plan, 64 digits', zh: '计划摘要（64 位）' });

const approve = defineAppCommand({
  path: 'approve',
  summary: { en: 'Approve a plan of somebody else', zh: '批准他人的计划' },
  details: {
    en: 'Shows the plan as its digest names it, and asks. An approval is for exactly that: a changed plan is a new one.',
    zh: '按摘要显示计划内容并询问。批准仅针对该内容：修改后即为新计划。',
  },
  arguments: { digest: digestArgument },
  options: {
    show: flag({ about: { en: 'Only show who approved and signed', zh: '仅显示批准与签名情况' } }),
    withdraw: flag({ about: { en: 'Take my approval back', zh: '撤回我的批准' } }),
    full: fullOption,
    comment: text({ placeholder: 'TEXT', about: { en: 'Why, for the audit', zh: '说明（写入审计）' } }),
    yes: yesOption,
  },
  examples: [
    { line: 'pilothouse approve DIGEST --show', about: { en: 'Who is missing', zh: '查看还缺谁' } },
    { line: 'pilothouse approve DIGEST', about: { en: 'Look, and say yes', zh: '查看并批准' } },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const params = { digest: args.digest };
    if (options.show) {
      showAuthority(context, await client.call(approvalRoutes.show, { params }));
      return EXIT.ok;
    }
    if (options.withdraw) {
      const body = { reason: options.comment ?? '' };
      showAuthority(context, await client.call(approvalRoutes.withdraw, { params, body }));
      return EXIT.ok;
    }
    showPlan(context, await fetchCheckedPlan(client, args.digest), options.full);
    const question = context.say({ en: 'Approve this plan?', zh: '批准该计划？' });
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const body = { comment: options.comment ?? '' };
    showAuthority(context, await client.call(approvalRoutes.give, { params, body }));
    return EXIT.ok;
  },
});

const rules = defineAppCommand({
  path: 'approve rules',
  summary: { en: 'Show or change how many people must approve what', zh: '查看或修改各类操作所需批准人数' },
  details: {
    en: 'By effect class: read, reversible, disruptive, destructive; arbitrary counts for whatever brings code. A plan may ask for more, never for less.',
    zh: '按影响等级：read、reversible、disruptive、destructive；arbitrary 针对携带代码的操作。计划可要求更多批准，不能更少。',
  },
  arguments: {
    changes: rest({
      en: 'destructive=2 arbitrary=1 …; none: only show',
      zh: 'destructive=2 arbitrary=1 …；省略则仅显示',
    }),
  },
  options: {},
  examples: [
    {
      line: 'pilothouse approve rules destructive=2',
      about: { en: 'Two people for what cannot be undone', zh: '不可撤销的操作需两人批准' },
    },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    const before = await client.call(approvalRoutes.rules);
    const { etag, ...current } = before;
    const after =
      args.changes.length === 0
        ? before
        : await client.call(approvalRoutes.setRules, { body: changed(current, args.changes), etag });
    printRecord(
      context,
      after,
      ApprovalRules.keyof().options.map((name) => [name, String(after[name])]),
    );
    if (args.changes.length > 0) note(context, context.say({ en: 'Changed.', zh: '已修改。' }));
    return EXIT.ok;
  },
});

function changed(before: ApprovalRules, words: readonly string[]): ApprovalRules {
  const changes = words.map((word) => {
    const [name = '', count = ''] = word.split('=');
    const known = ApprovalRules.keyof().safeParse(name);
    if (!known.success || !/^([0-9]|10)$/.test(count))
      throw new AppError('CLI_VALUE_INVALID', { value: word, expected: 'destructive=2' });
    return [known.data, Number(count)] as const;
  });
  return { ...before, ...Object.fromEntries(changes) };
}

export const approveCommands = [approve, rules];
