import { readFile } from 'node:fs/promises';
import {
  age,
  type CliContext,
  type Column,
  choice,
  confirm,
  defineCommand,
  EXIT,
  integer,
  limitOption,
  list,
  note,
  one,
  plain,
  printJson,
  printRecord,
  printRows,
  readList,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import {
  AppError,
  type Channel,
  type ChannelSettings,
  type Delivery,
  notificationsRoutes,
} from '@pilothouse/contract';
import { findOrNull } from './find-or-null.ts';

const name = one({ en: 'Name of the channel', zh: '渠道名称' });
const PORT_MAX = 65_535;

const caOption = text({
  placeholder: 'FILE',
  about: { en: 'Certificates to trust beside the system’s, PEM', zh: '额外信任的证书（PEM）' },
});
const WORDS = {
  delivered: { en: 'delivered in {durationMs} ms', zh: '已送达，用时 {durationMs} 毫秒' },
  failed: { en: 'not delivered: {error}', zh: '未送达：{error}' },
  question: {
    en: 'Remove channel {name}? What waits for it is given up.',
    zh: '删除渠道 {name}？等待中的消息将被放弃。',
  },
};

const listChannels = defineCommand({
  path: 'channel',
  summary: { en: 'List channels by which people are told', zh: '列出通知渠道' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse channel', about: { en: 'By name', zh: '按名称列出' } }],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(notificationsRoutes.list, { query }));
    const columns: Column<Channel>[] = [
      { title: { en: 'NAME', zh: '名称' }, value: (channel) => channel.name },
      { title: { en: 'KIND', zh: '类型' }, value: (channel) => channel.kind },
      { title: { en: 'LEADS TO', zh: '地址' }, value: (channel) => channel.address },
      { title: { en: 'RECEIVERS', zh: '收件人' }, value: (channel) => channel.to.join(', ') || '-' },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const webhook = defineCommand({
  path: 'channel webhook',
  summary: { en: 'Make or change a channel that posts JSON to a URL', zh: '创建或修改 webhook 渠道' },
  details: {
    en: 'With a secret each message carries Pilothouse-Signature: t=SECONDS,v1=HEX, the HMAC-SHA256 of SECONDS.BODY. Secrets are read from files and never shown again.',
    zh: '设置密钥后，每条消息带有 Pilothouse-Signature: t=秒,v1=十六进制，即“秒.正文”的 HMAC-SHA256。密钥从文件读取，之后不再显示。',
  },
  arguments: { name },
  options: {
    url: text({ placeholder: 'URL', about: { en: 'Where it posts to', zh: '目标地址' } }),
    secretFile: text({
      placeholder: 'FILE',
      about: { en: 'Signs with the secret in this file', zh: '含签名密钥的文件' },
    }),
    ca: caOption,
  },
  examples: [
    {
      line: 'pilothouse channel webhook on-call --url https://hooks.example/pilothouse --secret-file secret.txt',
      about: { en: 'Signed', zh: '带签名' },
    },
  ],
  async run(context, { args, options }) {
    if (options.url === undefined)
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse channel webhook',
        argument: '--url URL',
      });
    const secret = await readSecret(options.secretFile);
    return put(context, args, {
      kind: 'webhook',
      url: options.url,
      timeoutMs: 10_000,
      caPem: await readText(options.ca),
      ...(secret === null ? {} : { secret }),
    });
  },
});

const email = defineCommand({
  path: 'channel email',
  summary: { en: 'Make or change a channel that sends e-mail', zh: '创建或修改邮件渠道' },
  arguments: { name },
  options: {
    host: text({ placeholder: 'HOST', about: { en: 'The SMTP server', zh: 'SMTP 服务器' } }),
    port: integer({
      placeholder: 'N',
      min: 1,
      max: PORT_MAX,
      about: { en: 'Its port (default 587)', zh: '端口（默认 587）' },
    }),
    tls: choice(['starttls', 'implicit', 'none'], {
      placeholder: 'HOW',
      about: { en: 'starttls (default), implicit, or none', zh: 'starttls（默认）、implicit 或 none' },
    }),
    from: text({ placeholder: 'ADDRESS', about: { en: 'The sender', zh: '发件人' } }),
    to: list({ placeholder: 'ADDRESS', about: { en: 'A receiver (repeatable)', zh: '收件人（可重复）' } }),
    user: text({ placeholder: 'NAME', about: { en: 'Signs in as', zh: '登录用户名' } }),
    passwordFile: text({
      placeholder: 'FILE',
      about: { en: 'With the password in this file', zh: '含密码的文件' },
    }),
    ca: caOption,
  },
  examples: [
    {
      line: 'pilothouse channel email ops --host smtp.example --from pilothouse@example.com --to ops@example.com --user pilot --password-file password.txt',
      about: { en: 'Over STARTTLS', zh: '使用 STARTTLS' },
    },
  ],
  async run(context, { args, options }) {
    const { host, from, to, user } = options;
    if (host === undefined || from === undefined || to.length === 0)
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse channel email',
        argument: '--host HOST --from ADDRESS --to ADDRESS',
      });
    const password = await readSecret(options.passwordFile);
    return put(context, args, {
      kind: 'email',
      host,
      port: options.port ?? 587,
      tls: options.tls ?? 'starttls',
      from,
      to: [...to],
      user: user ?? null,
      timeoutMs: 10_000,
      caPem: await readText(options.ca),
      ...(password === null ? {} : { password }),
    });
  },
});

async function put(context: CliContext, args: { name: string }, body: ChannelSettings) {
  const client = await context.connect();
  const before = await findOrNull(client.call(notificationsRoutes.get, { params: args }));
  const channel = await client.call(notificationsRoutes.put, {
    params: args,
    body,
    ...(before === null ? {} : { etag: before.etag }),
  });
  const { say } = context;
  printRecord(context, channel, [
    [say({ en: 'name', zh: '名称' }), channel.name],
    [say({ en: 'leads to', zh: '地址' }), channel.address],
    [say({ en: 'receivers', zh: '收件人' }), channel.to.join(', ') || '-'],
    [say({ en: 'secret', zh: '密钥' }), channel.hasSecret ? say({ en: 'set', zh: '已设置' }) : '-'],
  ]);
  return EXIT.ok;
}

async function readText(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('CLI_FILE_UNREADABLE', { path, reason }, { cause });
  }
}

/** Editors end files with a line break, which is no part of the secret. */
const readSecret = async (path: string | undefined): Promise<string | null> =>
  (await readText(path))?.replace(/\r?\n$/, '') ?? null;

const test = defineCommand({
  path: 'channel test',
  summary: { en: 'Send a message at once and say how that went', zh: '立即发送测试消息' },
  arguments: { name },
  options: {},
  examples: [{ line: 'pilothouse channel test on-call', about: { en: 'Does it arrive?', zh: '是否送达？' } }],
  async run(context, { args }) {
    const client = await context.connect();
    const answer = await client.call(notificationsRoutes.test, { params: args });
    const { isDelivered, error, durationMs } = answer;
    if (context.isJson) printJson(context, answer);
    else
      note(context, plain(context.say(isDelivered ? WORDS.delivered : WORDS.failed, { error, durationMs })));
    return isDelivered ? EXIT.ok : EXIT.someFailed;
  },
});

const deliveries = defineCommand({
  path: 'channel deliveries',
  summary: { en: 'List messages on their way, sent and given up', zh: '列出消息发送记录' },
  arguments: {},
  options: {
    channel: text({ placeholder: 'NAME', about: { en: 'Of this channel', zh: '指定渠道' } }),
    state: choice(['queued', 'delivered', 'dead'], {
      placeholder: 'STATE',
      about: { en: 'queued, delivered, or dead: given up', zh: 'queued、delivered 或 dead（已放弃）' },
    }),
    limit: limitOption,
  },
  examples: [
    {
      line: 'pilothouse channel deliveries --state dead',
      about: { en: 'What never arrived', zh: '未送达的消息' },
    },
  ],
  async run(context, { options }) {
    const client = await context.connect();
    const { channel, state } = options;
    const filter = {
      ...(channel === undefined ? {} : { channel }),
      ...(state === undefined ? {} : { state }),
    };
    const rows = await readList(options.limit, (query) =>
      client.call(notificationsRoutes.deliveries, { query: { ...query, ...filter } }),
    );
    const now = context.clock.now();
    const columns: Column<Delivery>[] = [
      { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: (delivery) => delivery.id },
      { title: { en: 'CHANNEL', zh: '渠道' }, value: (delivery) => delivery.channel },
      { title: { en: 'STATE', zh: '状态' }, value: (delivery) => delivery.state },
      { title: { en: 'TRIES', zh: '次数' }, align: 'end', value: (delivery) => String(delivery.attempts) },
      { title: { en: 'AGE', zh: '时长' }, align: 'end', value: (delivery) => age(delivery.createdAt, now) },
      { title: { en: 'SUBJECT', zh: '主题' }, value: (delivery) => delivery.subject },
      { title: { en: 'PROBLEM', zh: '问题' }, value: (delivery) => delivery.error ?? '-' },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const retry = defineCommand({
  path: 'channel retry',
  summary: { en: 'Send a message again that was given up', zh: '重新发送已放弃的消息' },
  arguments: {
    id: one({
      en: 'The message, as in: pilothouse channel deliveries',
      zh: '消息标识，见 pilothouse channel deliveries',
    }),
  },
  options: {},
  examples: [
    { line: 'pilothouse channel retry dv_000000000000000000', about: { en: 'Once more', zh: '再次发送' } },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    const delivery = await client.call(notificationsRoutes.retry, { params: args });
    if (context.isJson) printJson(context, delivery);
    return EXIT.ok;
  },
});

const remove = defineCommand({
  path: 'channel delete',
  summary: { en: 'Remove a channel', zh: '删除通知渠道' },
  arguments: { name },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse channel delete on-call --yes',
      about: { en: 'Without asking', zh: '不询问直接删除' },
    },
  ],
  async run(context, { args, options }) {
    if (!(await confirm(context, context.say(WORDS.question, args), { isYes: options.yes })))
      return EXIT.cancelled;
    await (await context.connect()).call(notificationsRoutes.remove, { params: args });
    return EXIT.ok;
  },
});

export const channelCommands = [listChannels, webhook, email, test, deliveries, retry, remove];
