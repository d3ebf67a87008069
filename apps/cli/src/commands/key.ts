import {
  type Column,
  confirm,
  duration,
  EXIT,
  flag,
  moment,
  note,
  one,
  printJson,
  printRecord,
  printRows,
  rest,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import {
  AppError,
  OPERATOR_KEY_TAG,
  type Operator,
  type OperatorKey,
  operatorKeyRoutes,
  TrustPolicy,
  toTimestamp,
} from '@pilothouse/contract';
import type { AppContext } from '../app-context.ts';
import { defineAppCommand } from '../define-app-command.ts';
import {
  agentKeysOf,
  askPassphrase,
  keyFilesOf,
  named,
  only,
  registeredKeys,
} from '../operator-keys/find-signer.ts';
import { createKeyFile, keyDirectory } from '../operator-keys/key-file.ts';
import type { Signer } from '../operator-keys/signer.ts';

const DAY_MS = 86_400_000;
const LIFE_DEFAULT_MS = 365 * DAY_MS;
const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,39}$/i;

const lifeOption = duration({
  placeholder: '365d',
  about: { en: 'How long it is good (default 365d)', zh: '有效期（默认 365d）' },
});
const nameOption = text({ placeholder: 'NAME', about: { en: 'What you call it', zh: '密钥名称' } });

const create = defineAppCommand({
  path: 'key create',
  summary: { en: 'Make a key of your own, and register its public half', zh: '创建自己的密钥并登记公钥' },
  details: {
    en: 'The private half is sealed under a passphrase in a file of this computer and goes nowhere else. PILOTHOUSE_PASSPHRASE gives the passphrase to a script.',
    zh: '私钥以口令加密保存在本机文件中，不会传到别处。脚本可用 PILOTHOUSE_PASSPHRASE 提供口令。',
  },
  arguments: {},
  options: { name: nameOption, life: lifeOption },
  examples: [{ line: 'pilothouse key create --name laptop', about: { en: 'The usual way', zh: '常规用法' } }],
  async run(context, { options }) {
    const name = options.name ?? 'default';
    if (!NAME_PATTERN.test(name))
      throw new AppError('CLI_VALUE_INVALID', {
        value: name,
        expected: { en: 'letters, digits, . _ -', zh: '字母、数字、. _ -' },
      });
    const client = await context.connect();
    const directory = keyDirectory(context.sites.directory);
    const signer = await createKeyFile({ directory, name, passphrase: await newPassphrase(context, name) });
    note(
      context,
      context.say({ en: 'The key is in {place}', zh: '密钥保存在 {place}' }, { place: signer.place }),
    );
    printKey(context, await register(context, client, { signer, name, lifeMs: options.life }));
    return EXIT.ok;
  },
});

async function newPassphrase(context: AppContext, name: string): Promise<string> {
  const passphrase = await askPassphrase(context, name);
  if (context.environment['PILOTHOUSE_PASSPHRASE'] !== undefined) return passphrase;
  const question = context.say({ en: 'Passphrase again: ', zh: '再次输入口令：' });
  if ((await context.terminal.ask(question, { isSecret: true })) === passphrase) return passphrase;
  const expected = context.say({ en: 'the same passphrase twice', zh: '两次输入相同的口令' });
  throw new AppError('CLI_VALUE_INVALID', { value: '***', expected });
}

type Client = Awaited<ReturnType<AppContext['connect']>>;

/** Proves to the server that the key is in these hands, by signing a nonce of its choice. */
async function register(
  context: AppContext,
  client: Client,
  { signer, name, lifeMs }: { signer: Signer; name: string; lifeMs: number | undefined },
): Promise<OperatorKey> {
  const { nonce } = await client.call(operatorKeyRoutes.challenge);
  const proof = await signer.sign(OPERATOR_KEY_TAG + nonce);
  const expiresAt = toTimestamp(context.clock.now() + (lifeMs ?? LIFE_DEFAULT_MS));
  const body = { name, publicKey: signer.publicKey, expiresAt, nonce, proof };
  return client.call(operatorKeyRoutes.register, { body });
}

const add = defineAppCommand({
  path: 'key add',
  summary: { en: 'Register a key that is here already', zh: '登记本机已有的密钥' },
  details: {
    en: 'From a key file, or with --ssh-agent an ed25519 key of the ssh-agent, a hardware key behind it included.',
    zh: '来自密钥文件，或使用 --ssh-agent 登记 ssh-agent 中的 ed25519 密钥（含硬件密钥）。',
  },
  arguments: {},
  options: {
    sshAgent: flag({ about: { en: 'A key of the ssh-agent', zh: '使用 ssh-agent 中的密钥' } }),
    key: text({
      placeholder: 'KEY',
      about: { en: 'Which one, by name or id', zh: '指定密钥（名称或标识）' },
    }),
    name: nameOption,
    life: lifeOption,
  },
  examples: [
    {
      line: 'pilothouse key add --ssh-agent',
      about: { en: 'The key you sign in with', zh: '使用登录所用的密钥' },
    },
  ],
  async run(context, { options }) {
    const signers = options.sshAgent ? await agentKeysOf(context) : await keyFilesOf(context);
    const signer = options.key === undefined ? only(signers) : named(signers, options.key);
    const name = (options.name ?? signer.name).slice(0, 80) || signer.keyId;
    const client = await context.connect();
    printKey(context, await register(context, client, { signer, name, lifeMs: options.life }));
    return EXIT.ok;
  },
});

const list = defineAppCommand({
  path: 'key list',
  summary: { en: 'List public keys of people', zh: '列出操作员公钥' },
  arguments: {},
  options: { owner: text({ placeholder: 'USER', about: { en: 'Only of this person', zh: '仅该用户' } }) },
  examples: [{ line: 'pilothouse key list', about: { en: 'Everybody’s', zh: '所有人的密钥' } }],
  async run(context, { options }) {
    const columns: Column<OperatorKey>[] = [
      { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: (key) => key.id },
      { title: { en: 'OWNER', zh: '所有者' }, value: (key) => key.owner },
      { title: { en: 'NAME', zh: '名称' }, value: (key) => key.name },
      { title: { en: 'UNTIL', zh: '有效期至' }, value: (key) => moment(key.expiresAt) },
      {
        title: { en: 'STATE', zh: '状态' },
        value: (key) => stateOf(context, key),
        colour: (key) => (key.revokedAt === null ? null : 'grey'),
      },
    ];
    printRows(context, columns, await registeredKeys(await context.connect(), options.owner));
    return EXIT.ok;
  },
});

function stateOf({ say, clock }: AppContext, { revokedAt, expiresAt }: OperatorKey): string {
  if (revokedAt !== null) return say({ en: 'revoked', zh: '已吊销' });
  if (Date.parse(expiresAt) <= clock.now()) return say({ en: 'expired', zh: '已过期' });
  return say({ en: 'good', zh: '有效' });
}

const revoke = defineAppCommand({
  path: 'key revoke',
  summary: {
    en: 'Revoke a key: the server takes no signature by it any more',
    zh: '吊销密钥：服务器不再接受其签名',
  },
  details: {
    en: 'Hosts in strict mode have lists of their own: take the key out of them as well, see docs/signatures.md.',
    zh: '严格模式的主机有各自的列表：也须从中移除，见 docs/signatures.md。',
  },
  arguments: { key: one({ en: 'The key’s id', zh: '密钥标识' }) },
  options: {
    reason: text({ placeholder: 'TEXT', about: { en: 'Why, for the audit', zh: '原因（写入审计）' } }),
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse key revoke 0123456789abcdef --reason "lost laptop"',
      about: { en: 'It was lost', zh: '密钥丢失' },
    },
  ],
  async run(context, { args, options }) {
    const question = context.say({ en: 'Revoke key {key} for ever?', zh: '永久吊销密钥 {key}？' }, args);
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const client = await context.connect();
    const body = { reason: options.reason ?? '' };
    printKey(context, await client.call(operatorKeyRoutes.revoke, { params: { keyId: args.key }, body }));
    return EXIT.ok;
  },
});

const exportKeys = defineAppCommand({
  path: 'key export',
  summary: {
    en: 'Print public keys as a host’s trust policy takes them',
    zh: '以主机信任策略的格式输出公钥',
  },
  details: {
    en: 'Compare the ids with their owners before you put them on a host: from then on the host believes these keys and no server. --policy prints a whole strict policy.',
    zh: '放到主机上之前请与所有者核对标识：此后主机只信任这些密钥而不信任服务器。--policy 输出完整的严格策略。',
  },
  arguments: { people: rest({ en: 'Whose keys; none: everybody’s', zh: '哪些用户的密钥；省略则为全部' }) },
  options: { policy: flag({ about: { en: 'A whole policy in strict mode', zh: '输出完整的严格模式策略' } }) },
  examples: [
    {
      line: 'pilothouse key export ada ben --policy > trust-policy.json',
      about: { en: 'The policy of a host', zh: '生成主机策略' },
    },
  ],
  async run(context, { args, options }) {
    const keys = (await registeredKeys(await context.connect())).filter(
      ({ owner, revokedAt, expiresAt }) =>
        revokedAt === null &&
        Date.parse(expiresAt) > context.clock.now() &&
        (args.people.length === 0 || args.people.includes(owner)),
    );
    const operators = keys.map(operatorOf);
    for (const name of args.people) {
      if (!operators.some((operator) => operator.name === name))
        throw new AppError('CLI_VALUE_INVALID', {
          value: name,
          expected: { en: 'a person with a good key', zh: '持有有效密钥的人员' },
        });
    }
    printJson(context, options.policy ? policyOf(operators) : operators);
    return EXIT.ok;
  },
});

const operatorOf = ({ id, publicKey, owner, expiresAt }: OperatorKey): Operator => ({
  keyId: id,
  publicKey,
  name: owner,
  notAfter: expiresAt,
});

/** As strict as the people there are allow. */
function policyOf(operators: readonly Operator[]): TrustPolicy {
  const people = new Set(operators.map(({ name }) => name)).size;
  return TrustPolicy.parse({
    version: 1,
    mode: 'strict',
    operators,
    signatures: { read: 1, reversible: 1, disruptive: 1, destructive: Math.min(2, Math.max(1, people)) },
    allow: [],
    mandates: 'refuse',
  });
}

function printKey(context: AppContext, key: OperatorKey): void {
  const { say } = context;
  printRecord(context, key, [
    [say({ en: 'key', zh: '密钥' }), key.id],
    [say({ en: 'owner', zh: '所有者' }), key.owner],
    [say({ en: 'name', zh: '名称' }), key.name],
    [say({ en: 'good until', zh: '有效期至' }), moment(key.expiresAt)],
    [say({ en: 'state', zh: '状态' }), stateOf(context, key)],
  ]);
}

export const keyCommands = [create, add, list, revoke, exportKeys];
