import { randomBytes } from 'node:crypto';
import {
  type Column,
  confirm,
  duration,
  EXIT,
  flag,
  integer,
  limitOption,
  list,
  moment,
  note,
  one,
  plain,
  printJson,
  printRecord,
  printRows,
  readList,
  resolveHostId,
  targetOptions,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { type Client, collectAll, listAll } from '@pilothouse/client';
import {
  AppError,
  hostsRoutes,
  MANDATE_TAG,
  type MandateRecord,
  mandateDigest,
  mandateRoutes,
  sessionRoutes,
  toTimestamp,
} from '@pilothouse/contract';
import type { AppContext } from '../app-context.ts';
import { defineAppCommand } from '../define-app-command.ts';
import { findSigner } from '../operator-keys/find-signer.ts';
import { showAuthority } from '../signing/show-authority.ts';
import { writeMandate } from '../signing/write-mandate.ts';
import { keyOption } from './sign.ts';

const DAY_MS = 86_400_000;
const PAGE_SIZE = 1000;
const idArgument = one({ en: 'The mandate’s id, 64 digits', zh: '授权书标识（64 位）' });

const create = defineAppCommand({
  path: 'mandate create',
  summary: {
    en: 'Write a mandate, sign it, and bring it to the server',
    zh: '编写并签署授权书，提交到服务器',
  },
  details: {
    en: 'For work that recurs, or for emergencies (--break-glass): hosts in strict mode carry it out as often as it says and no more. Parameters that are not named must keep their defaults. In a pattern * stands for letters, digits and _ @ : + . - alone.',
    zh: '用于重复性工作或紧急情况（--break-glass）：严格模式的主机按其次数执行，不会超出。未列出的参数须为默认值。模式中的 * 仅代表字母、数字及 _ @ : + . -。',
  },
  arguments: { action: one({ en: 'The action: services.restart', zh: '操作：services.restart' }) },
  options: {
    param: list({
      placeholder: 'NAME=VALUE',
      about: {
        en: 'unit=nginx.service · unit=a|b · unit~web@*.service (repeatable)',
        zh: 'unit=nginx.service、unit=a|b、unit~web@*.service（可重复）',
      },
    }),
    title: text({ placeholder: 'TEXT', about: { en: 'What it is for', zh: '用途' } }),
    selector: targetOptions.selector,
    host: targetOptions.host,
    all: flag({ about: { en: 'Every host that trusts the signers', zh: '信任签署者的所有主机' } }),
    uses: integer({
      placeholder: 'N',
      min: 1,
      max: 100_000,
      about: { en: 'Times on each host (default 1)', zh: '每台主机的次数（默认 1）' },
    }),
    for: duration({ placeholder: '30d', about: { en: 'How long (default 30d)', zh: '有效期（默认 30d）' } }),
    breakGlass: flag({
      about: { en: 'For emergencies: no approvals, loudly told', zh: '紧急用途：免批准，但会高调通知' },
    }),
    key: keyOption,
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse mandate create services.restart --param unit=nginx.service -s \'label.role == "web"\' --uses 30 --for 30d --title nightly',
      about: { en: 'Thirty restarts on today’s web hosts', zh: '对当前 web 主机重启三十次' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const nowMs = context.clock.now();
    const me = await client.call(sessionRoutes.me);
    const mandate = writeMandate({
      title: options.title ?? args.action,
      createdBy: me.user.name,
      action: args.action,
      parameters: options.param,
      hostIds: options.all ? null : await hostIdsOf(client, options),
      selector: options.selector,
      usesMax: options.uses ?? 1,
      notBefore: toTimestamp(nowMs),
      expiresAt: toTimestamp(nowMs + (options.for ?? 30 * DAY_MS)),
      isBreakGlass: options.breakGlass,
      nonce: randomBytes(12).toString('hex'),
    });
    const signature = await signText(context, client, { mandate, key: options.key, isYes: options.yes });
    if (signature === null) return EXIT.cancelled;
    printMandate(context, await client.call(mandateRoutes.create, { body: { text: mandate, signature } }));
    return EXIT.ok;
  },
});

/** The hosts of this moment: who joins later is not meant. */
async function hostIdsOf(
  client: Client,
  { selector, host }: { readonly selector: string | undefined; readonly host: readonly string[] },
): Promise<string[]> {
  if (selector === undefined && host.length === 0) throw new AppError('CLI_NEEDS_TARGET');
  const ids = new Set<string>();
  for (const name of host) ids.add(await resolveHostId(client, name));
  if (selector !== undefined) {
    const page = (cursor: string | undefined) =>
      client.call(hostsRoutes.list, {
        query: { limit: PAGE_SIZE, q: selector, ...(cursor === undefined ? {} : { cursor }) },
      });
    for (const { id } of await collectAll(listAll(page))) ids.add(id);
  }
  return [...ids];
}

/** Shows the very text that is signed. Null: the person said no. */
async function signText(
  context: AppContext,
  client: Client,
  { mandate, key, isYes }: { mandate: string; key: string | undefined; isYes: boolean },
): Promise<{ keyId: string; value: string } | null> {
  const signer = await findSigner(context, client, key);
  note(context, plain(JSON.stringify(JSON.parse(mandate), null, 2)));
  const question = context.say(
    { en: 'Sign exactly this with {name} ({keyId})?', zh: '用 {name}（{keyId}）签署以上内容？' },
    { name: signer.name, keyId: signer.keyId },
  );
  if (!(await confirm(context, question, { isYes }))) return null;
  return { keyId: signer.keyId, value: await signer.sign(MANDATE_TAG + mandate) };
}

const listMandates = defineAppCommand({
  path: 'mandate list',
  summary: { en: 'List mandates, newest first', zh: '列出授权书（新的在前）' },
  arguments: {},
  options: { limit: limitOption },
  examples: [{ line: 'pilothouse mandate list', about: { en: 'All of them', zh: '全部' } }],
  async run(context, { options }) {
    const client = await context.connect();
    const rows = await readList(options.limit, (page) => client.call(mandateRoutes.list, { query: page }));
    const columns: Column<MandateRecord>[] = [
      { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: ({ id }) => id },
      { title: { en: 'TITLE', zh: '用途' }, value: ({ mandate }) => mandate.title },
      {
        title: { en: 'ACTIONS', zh: '操作' },
        value: ({ mandate }) => mandate.actions.map(({ action }) => action).join(' '),
      },
      { title: { en: 'USES', zh: '次数' }, align: 'end', value: ({ mandate }) => String(mandate.usesMax) },
      { title: { en: 'UNTIL', zh: '有效期至' }, value: ({ mandate }) => moment(mandate.expiresAt) },
      { title: { en: 'SIGNED BY', zh: '签署者' }, value: signersOf },
      { title: { en: 'STATE', zh: '状态' }, value: (record) => stateOf(context, record) },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const signersOf = ({ signatures }: MandateRecord): string =>
  signatures
    .filter(({ isGood }) => isGood)
    .map(({ person }) => person)
    .join(' ');

function stateOf({ say, clock }: AppContext, { revokedAt, mandate }: MandateRecord): string {
  if (revokedAt !== null) return say({ en: 'revoked', zh: '已撤销' });
  if (Date.parse(mandate.expiresAt) <= clock.now()) return say({ en: 'expired', zh: '已过期' });
  return mandate.isBreakGlass ? say({ en: 'break-glass', zh: '紧急授权' }) : say({ en: 'good', zh: '有效' });
}

const show = defineAppCommand({
  path: 'mandate show',
  summary: { en: 'Show a mandate just as it was signed', zh: '显示授权书原文' },
  arguments: { id: idArgument },
  options: {},
  examples: [{ line: 'pilothouse mandate show ID', about: { en: 'All of it', zh: '完整内容' } }],
  async run(context, { args }) {
    const record = await (await context.connect()).call(mandateRoutes.get, {
      params: { mandateId: args.id },
    });
    if (context.isJson) printJson(context, record);
    else {
      printMandate(context, record);
      context.terminal.write(`${plain(JSON.stringify(JSON.parse(record.text), null, 2))}\n`);
    }
    return EXIT.ok;
  },
});

const sign = defineAppCommand({
  path: 'mandate sign',
  summary: { en: 'Sign a mandate that somebody else wrote, too', zh: '共同签署他人编写的授权书' },
  arguments: { id: idArgument },
  options: { key: keyOption, yes: yesOption },
  examples: [{ line: 'pilothouse mandate sign ID', about: { en: 'Look, and sign', zh: '查看并签署' } }],
  async run(context, { args, options }) {
    const client = await context.connect();
    const params = { mandateId: args.id };
    const record = await client.call(mandateRoutes.get, { params });
    if (mandateDigest(record.text) !== args.id)
      throw new AppError('CLI_PLAN_MISMATCH', {
        digest: args.id,
        problem: { en: 'its text has another digest', zh: '内容的摘要不符' },
      });
    const signature = await signText(context, client, {
      mandate: record.text,
      key: options.key,
      isYes: options.yes,
    });
    if (signature === null) return EXIT.cancelled;
    printMandate(context, await client.call(mandateRoutes.sign, { params, body: signature }));
    return EXIT.ok;
  },
});

const use = defineAppCommand({
  path: 'mandate use',
  summary: { en: 'Have a plan carried out under a mandate', zh: '按授权书执行计划' },
  arguments: { id: idArgument, digest: one({ en: 'Digest of the plan', zh: '计划摘要' }) },
  options: { yes: yesOption },
  examples: [
    { line: 'pilothouse mandate use ID DIGEST', about: { en: 'Before it is started', zh: '启动之前' } },
  ],
  async run(context, { args, options }) {
    const question = context.say(
      { en: 'Use the mandate {id} for plan {digest}?', zh: '对计划 {digest} 使用授权书 {id}？' },
      args,
    );
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const client = await context.connect();
    const params = { digest: args.digest };
    showAuthority(context, await client.call(mandateRoutes.use, { params, body: { mandateId: args.id } }));
    return EXIT.ok;
  },
});

const revoke = defineAppCommand({
  path: 'mandate revoke',
  summary: { en: 'The server uses a mandate no more', zh: '服务器不再使用该授权书' },
  details: {
    en: 'A host that must not take it from anybody needs its id in revokedMandates of its trust policy.',
    zh: '若要让主机彻底拒绝，请在其信任策略的 revokedMandates 中加入该标识。',
  },
  arguments: { id: idArgument },
  options: {
    reason: text({ placeholder: 'TEXT', about: { en: 'Why, for the audit', zh: '原因（写入审计）' } }),
    yes: yesOption,
  },
  examples: [{ line: 'pilothouse mandate revoke ID', about: { en: 'No longer needed', zh: '不再需要' } }],
  async run(context, { args, options }) {
    const question = context.say({ en: 'Revoke mandate {id} for ever?', zh: '永久撤销授权书 {id}？' }, args);
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const client = await context.connect();
    const body = { reason: options.reason ?? '' };
    printMandate(context, await client.call(mandateRoutes.revoke, { params: { mandateId: args.id }, body }));
    return EXIT.ok;
  },
});

function printMandate(context: AppContext, record: MandateRecord): void {
  const { say } = context;
  const { mandate } = record;
  const hosts =
    mandate.hosts.kind === 'all' ? say({ en: 'all', zh: '全部' }) : String(mandate.hosts.ids.length);
  printRecord(context, record, [
    [say({ en: 'mandate', zh: '授权书' }), record.id],
    [say({ en: 'title', zh: '用途' }), mandate.title],
    [say({ en: 'hosts', zh: '主机' }), hosts],
    [say({ en: 'uses on each', zh: '每台次数' }), String(mandate.usesMax)],
    [say({ en: 'until', zh: '有效期至' }), moment(mandate.expiresAt)],
    [say({ en: 'signed by', zh: '签署者' }), signersOf(record)],
    [say({ en: 'state', zh: '状态' }), stateOf(context, record)],
  ]);
}

export const mandateCommands = [create, listMandates, show, sign, use, revoke];
