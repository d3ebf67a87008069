import {
  type CliContext,
  type Column,
  confirm,
  defineCommand,
  EXIT,
  flag,
  moment,
  note,
  one,
  paint,
  plain,
  printJson,
  printRows,
  yesOption,
} from '@pilothouse/cli-kit';
import { enrolmentRoutes, RotatedKind, type TrustKey, type TrustStatus } from '@pilothouse/contract';

const kind = one({ en: 'ca or envelope', zh: 'ca 或 envelope' }, RotatedKind.options);

const trust = defineCommand({
  path: 'agent trust',
  summary: {
    en: 'Show keys, and hosts that have not moved to the new ones',
    zh: '显示密钥及尚未迁移到新密钥的主机',
  },
  arguments: {},
  options: {},
  examples: [
    {
      line: 'pilothouse agent trust',
      about: { en: 'Before and during a rotation', zh: '轮换前及轮换中查看' },
    },
  ],
  async run(context) {
    printTrust(context, await (await context.connect()).call(enrolmentRoutes.trustStatus));
    return EXIT.ok;
  },
});

const rotate = defineCommand({
  path: 'agent rotate',
  summary: {
    en: 'Bring in a new authority or envelope key beside the old',
    zh: '引入新的证书颁发机构或信封密钥，与旧的并存',
  },
  arguments: { kind },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse agent rotate envelope --yes',
      about: { en: 'The key that signs tasks', zh: '轮换任务签名密钥' },
    },
  ],
  async run(context, { args, options }) {
    const question = context.say(
      { en: 'Rotate the {kind} key of the whole installation?', zh: '轮换整个系统的 {kind} 密钥？' },
      args,
    );
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const client = await context.connect();
    printTrust(
      context,
      await client.call(enrolmentRoutes.rotateTrust, { body: { kind: RotatedKind.parse(args.kind) } }),
    );
    return EXIT.ok;
  },
});

const retire = defineCommand({
  path: 'agent retire',
  summary: { en: 'Retire the old key of an open rotation', zh: '停用轮换中的旧密钥' },
  arguments: { kind },
  options: {
    evenIfHostsRemain: flag({
      about: {
        en: 'Also when hosts have not moved: they must enrol again',
        zh: '即使仍有主机未迁移：它们须重新注册',
      },
    }),
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse agent retire envelope',
      about: { en: 'When all have moved', zh: '所有主机迁移完成后' },
    },
  ],
  async run(context, { args, options }) {
    const question = context.say(
      { en: 'Retire the old {kind} key for ever?', zh: '永久停用旧的 {kind} 密钥？' },
      args,
    );
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const client = await context.connect();
    const body = { kind: RotatedKind.parse(args.kind), evenIfHostsRemain: options.evenIfHostsRemain };
    printTrust(context, await client.call(enrolmentRoutes.retireTrust, { body }));
    return EXIT.ok;
  },
});

function printTrust(context: CliContext, status: TrustStatus): void {
  if (context.isJson) return printJson(context, status);
  const { say, terminal } = context;
  const columns: Column<TrustKey>[] = [
    { title: { en: 'KIND', zh: '类型' }, value: (key) => key.kind },
    { title: { en: 'KEY', zh: '密钥' }, value: (key) => key.kid },
    {
      title: { en: 'STATE', zh: '状态' },
      value: (key) => key.state,
      colour: (key) => (key.state === 'current' ? 'green' : null),
    },
    { title: { en: 'SINCE', zh: '始于' }, value: (key) => moment(key.createdAt) },
  ];
  terminal.write(
    `${say({ en: 'bundle version {version}, pin {pin}', zh: '信任包版本 {version}，指纹 {pin}' }, status)}\n`,
  );
  printRows(context, columns, status.keys);
  for (const rotation of status.rotations) {
    const words = { ...rotation, left: rotation.hostsNotMovedCount };
    terminal.write(`\n${paint(terminal, 'bold', say(ROTATION, words))}\n`);
    for (const host of rotation.hostsNotMoved) terminal.write(`  ${plain(host.name)} ${host.id}\n`);
  }
  if (status.rotations.length === 0)
    note(context, say({ en: 'No rotation is open.', zh: '当前没有进行中的轮换。' }));
}

const ROTATION = {
  en: 'Rotation of {kind} since {since}: {hostsMoved} hosts moved, {left} not yet',
  zh: '{kind} 轮换始于 {since}：已迁移 {hostsMoved} 台，尚余 {left} 台',
};

export const agentTrustCommands = [trust, rotate, retire];
