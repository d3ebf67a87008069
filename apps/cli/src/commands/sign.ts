import { confirm, EXIT, one, text, yesOption } from '@pilothouse/cli-kit';
import { approvalRoutes, PLAN_SIGNATURE_TAG } from '@pilothouse/contract';
import { defineAppCommand } from '../define-app-command.ts';
import { findSigner } from '../operator-keys/find-signer.ts';
import { fetchCheckedPlan } from '../signing/fetch-checked-plan.ts';
import { showAuthority } from '../signing/show-authority.ts';
import { showPlan } from '../signing/show-plan.ts';
import { fullOption } from './step-view.ts';

export const keyOption = text({
  placeholder: 'KEY',
  about: { en: 'The key to sign with, by name or id', zh: '签名所用密钥（名称或标识）' },
});

export const signCommands = [
  defineAppCommand({
    path: 'sign',
    summary: { en: 'Sign a plan with a key of your own', zh: '用自己的密钥签署计划' },
    details: {
      en: 'Downloads the whole plan, works out its digest here, shows what you put your name to, and asks. The key never leaves this computer; hosts in strict mode verify the signature themselves.',
      zh: '下载整个计划，在本机计算摘要，显示将要签署的内容并询问。密钥不会离开本机；严格模式的主机自行验证签名。',
    },
    arguments: { digest: one({ en: 'Digest of the plan, 64 digits', zh: '计划摘要（64 位）' }) },
    options: { key: keyOption, full: fullOption, yes: yesOption },
    examples: [
      { line: 'pilothouse sign DIGEST', about: { en: 'Look, and sign', zh: '查看并签署' } },
      {
        line: 'pilothouse sign DIGEST --key laptop --yes',
        about: { en: 'With a certain key, unasked', zh: '用指定密钥直接签署' },
      },
    ],
    async run(context, { args, options }) {
      const client = await context.connect();
      const plan = await fetchCheckedPlan(client, args.digest);
      const signer = await findSigner(context, client, options.key);
      showPlan(context, plan, options.full);
      const question = context.say(
        { en: 'Sign exactly this with {name} ({keyId})?', zh: '用 {name}（{keyId}）签署以上内容？' },
        { name: signer.name, keyId: signer.keyId },
      );
      if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
      // Over what was worked out here, whatever the server called it.
      const value = await signer.sign(PLAN_SIGNATURE_TAG + plan.digest);
      const body = { keyId: signer.keyId, value };
      const params = { digest: plan.digest };
      showAuthority(context, await client.call(approvalRoutes.sign, { params, body }));
      return EXIT.ok;
    },
  }),
];
