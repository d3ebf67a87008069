import {
  defineCommand,
  duration,
  flag,
  list,
  one,
  readPairs,
  readTextFile,
  runActions,
  runActionsOptions,
  text,
} from '@pilothouse/cli-kit';
import { AppError } from '@pilothouse/contract';
import { type AfterChange, CONTENT_CHARS_MAX } from '../contract/actions.ts';

export const filePush = defineCommand({
  path: 'file push',
  summary: { en: 'Set a configuration file on hosts', zh: '在主机上设置配置文件' },
  details: {
    en: 'A dry run shows the difference on each host. The file is checked before it counts, replaced in one step, and what reads it is told. From then on the host notices when somebody changes it.',
    zh: '演练会显示各主机上的差异。文件生效前先校验，一步替换，并通知读取它的服务。此后若被更改，主机会发现。',
  },
  arguments: {
    local: one({ en: 'The file here; - for standard input', zh: '本地文件；- 表示标准输入' }),
    path: one({ en: 'Its place on the hosts', zh: '主机上的路径' }),
  },
  options: {
    ...runActionsOptions,
    mode: text({ placeholder: '0644', about: { en: 'Its mode', zh: '权限' } }),
    owner: text({ placeholder: 'NAME', about: { en: 'Its user', zh: '属主' } }),
    groupOwner: text({ placeholder: 'NAME', about: { en: 'Its group', zh: '属组' } }),
    template: flag({
      about: {
        en: 'Fill {{ host.name }}, {{ label.site }}, {{ value.NAME }} for each host',
        zh: '为各主机填充 {{ host.name }}、{{ label.site }}、{{ value.NAME }}',
      },
    }),
    value: list({
      placeholder: 'NAME=VALUE',
      about: { en: 'For {{ value.NAME }} (repeatable)', zh: '用于 {{ value.NAME }}（可重复）' },
    }),
    validate: text({
      placeholder: 'COMMAND',
      about: { en: 'Must end with 0; %s is the new file', zh: '须以 0 退出；%s 为新文件' },
    }),
    reload: list({
      placeholder: 'UNIT',
      about: { en: 'Reload it afterwards (repeatable)', zh: '之后重新加载该单元（可重复）' },
    }),
    restart: list({
      placeholder: 'UNIT',
      about: { en: 'Restart it afterwards (repeatable)', zh: '之后重启该单元（可重复）' },
    }),
    confirmWithin: duration({
      about: {
        en: 'Taken back unless the host is heard again within this time',
        zh: '若主机未在此时间内恢复联系则自动撤销',
      },
    }),
  },
  examples: [
    {
      line: 'pilothouse file push motd /etc/motd --all --dry-run',
      about: { en: 'What would differ, and where?', zh: '哪些主机会有差异？' },
    },
    {
      line: 'pilothouse file push motd.tmpl /etc/motd --template --all --value owner=ops --dry-run',
      about: { en: 'Filled for each host by its labels', zh: '按各主机的标签填充' },
    },
    {
      line: "pilothouse file push sshd.conf /etc/ssh/sshd_config.d/10-fleet.conf --all --validate 'sshd -t -f %s' --reload ssh --confirm-within 60s",
      about: {
        en: 'Checked, reloaded, and taken back if it cuts the host off',
        zh: '校验、重新加载，若导致失联则自动撤销',
      },
    },
  ],
  async run(context, { args, options }) {
    const after: AfterChange[] = [
      ...options.reload.map((unit) => ({ unit: wholeUnitName(unit), verb: 'reload' as const })),
      ...options.restart.map((unit) => ({ unit: wholeUnitName(unit), verb: 'restart' as const })),
    ];
    const parameters = {
      path: args.path,
      content: await readLocal(args.local),
      ...(options.mode === undefined ? {} : { mode: options.mode }),
      ...(options.owner === undefined ? {} : { owner: options.owner }),
      ...(options.groupOwner === undefined ? {} : { group: options.groupOwner }),
      ...(options.template ? { isTemplate: true, values: readPairs(options.value) } : {}),
      ...(options.validate === undefined ? {} : { validate: wordsOf(options.validate) }),
      ...(after.length === 0 ? {} : { after }),
      ...(options.confirmWithin === undefined ? {} : { confirmWithinMs: options.confirmWithin }),
    };
    return runActions(context, options, {
      title: `file ${args.path}`,
      actions: [{ action: 'files.manage', parameters }],
      effect: options.restart.length > 0 ? 'disruptive' : 'reversible',
    });
  },
});

const wholeUnitName = (name: string): string =>
  /\.(service|socket|timer|target|path|mount)$/.test(name) ? name : `${name}.service`;

/** Words between blanks: a validator is a program with arguments, not a line for a shell. */
const wordsOf = (line: string): string[] => line.split(/\s+/).filter((word) => word !== '');

async function readLocal(path: string): Promise<string> {
  const content = await readTextFile(path);
  if (content.length > CONTENT_CHARS_MAX)
    throw new AppError('FILES_TOO_LARGE', {
      path,
      sizeBytes: Buffer.byteLength(content),
      limitBytes: CONTENT_CHARS_MAX,
    });
  return content;
}
