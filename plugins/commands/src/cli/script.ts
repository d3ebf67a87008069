import {
  age,
  type Column,
  carryOutPlan,
  choice,
  confirm,
  defineCommand,
  EXIT,
  integer,
  list,
  moment,
  note,
  one,
  plain,
  printJson,
  printRecord,
  printRows,
  readPairs,
  readTextFile,
  resolveHostId,
  runActionsOptions,
  strategyOf,
  targetOf,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { type Client, collectAll, listAll, ProblemError } from '@pilothouse/client';
import { AppError, EffectClass } from '@pilothouse/contract';
import { SCRIPT_CHARS_MAX } from '../contract/command-parameters.ts';
import * as routes from '../contract/routes.ts';
import { type Script, ScriptContent, type ScriptVersion } from '../contract/script.ts';
import { parameterOf } from './parameter-option.ts';

const VERSION_MAX = 1_000_000;
const scriptName = one({ en: 'The script’s name', zh: '脚本名称' });
const versionOption = integer({
  placeholder: 'N',
  min: 1,
  max: VERSION_MAX,
  about: {
    en: 'The version (default: the published one, else the newest)',
    zh: '版本（默认：已发布的，否则最新的）',
  },
});

export const scriptList = defineCommand({
  path: 'script list',
  summary: { en: 'List the scripts of the library', zh: '列出脚本库' },
  arguments: {},
  options: {
    search: text({
      placeholder: 'TEXT',
      about: { en: 'Only names that hold this', zh: '仅名称包含该文本的脚本' },
    }),
  },
  examples: [{ line: 'pilothouse script list', about: { en: 'All of them', zh: '列出全部' } }],
  async run(context, { options }) {
    const client = await context.connect();
    const search = options.search === undefined ? {} : { search: options.search };
    const scripts = await collectAll(
      listAll((cursor) =>
        client.call(routes.scriptsList, {
          query: { ...search, ...(cursor === undefined ? {} : { cursor }) },
        }),
      ),
    );
    const columns: Column<Script>[] = [
      { title: { en: 'NAME', zh: '名称' }, value: (script) => script.name },
      { title: { en: 'PUBLISHED', zh: '已发布' }, value: (script) => String(script.publishedVersion ?? '-') },
      { title: { en: 'NEWEST', zh: '最新' }, value: (script) => String(script.latestVersion) },
      { title: { en: 'EFFECT', zh: '影响' }, value: (script) => script.effect },
      {
        title: { en: 'CHANGED', zh: '更改于' },
        value: (script) => age(script.updatedAt, context.clock.now()),
      },
      { title: { en: 'DESCRIPTION', zh: '说明' }, value: (script) => script.description },
    ];
    printRows(context, columns, scripts);
    return EXIT.ok;
  },
});

export const scriptShow = defineCommand({
  path: 'script show',
  summary: { en: 'Show a version of a script with its text', zh: '显示脚本某版本及其文本' },
  arguments: { name: scriptName },
  options: { version: versionOption },
  examples: [
    {
      line: 'pilothouse script show head-of-file',
      about: { en: 'The published version', zh: '查看已发布版本' },
    },
  ],
  async run(context, { args, options }) {
    const version = await readVersion(await context.connect(), args.name, options.version);
    if (context.isJson) {
      printJson(context, version);
      return EXIT.ok;
    }
    const { say } = context;
    printRecord(context, version, [
      [say({ en: 'script', zh: '脚本' }), `${version.script} v${version.version} (${version.state})`],
      [say({ en: 'description', zh: '说明' }), version.description],
      [say({ en: 'interpreter', zh: '解释器' }), version.interpreter],
      [say({ en: 'effect', zh: '影响' }), version.effect],
      [say({ en: 'written by', zh: '作者' }), `${version.createdBy}, ${moment(version.createdAt)}`],
      [say({ en: 'published by', zh: '发布者' }), version.publishedBy ?? '-'],
      ...version.parameters.map((parameter): [string, string] => [
        `${say({ en: 'parameter', zh: '参数' })} ${parameter.name}`,
        `${parameter.kind}${parameter.isRequired ? ', required' : ''} ${parameter.description}`,
      ]),
    ]);
    // Who reads it before it runs must see all of it; a file gets it as it is.
    const shown = context.terminal.isOutputTty ? plain(version.text) : version.text;
    context.terminal.write(`\n${shown}`);
    return EXIT.ok;
  },
});

export const scriptSave = defineCommand({
  path: 'script save',
  summary: { en: 'Save a draft of a script from a file', zh: '从文件保存脚本草稿' },
  details: {
    en: 'Makes the script when there is none, changes its draft when it has one, and adds a version when the newest one is published. Only what is given changes.',
    zh: '脚本不存在时创建；已有草稿时修改草稿；最新版本已发布时新增版本。未给出的内容保持不变。',
  },
  arguments: {
    name: scriptName,
    file: one({ en: 'A file, or - for standard input', zh: '文件，或 - 表示标准输入' }),
  },
  options: {
    description: text({ placeholder: 'TEXT', about: { en: 'What it is for', zh: '用途说明' } }),
    interpreter: text({
      placeholder: 'NAME',
      about: { en: 'sh, bash, python3, perl or a path', zh: 'sh、bash、python3、perl 或路径' },
    }),
    effect: choice(EffectClass.options, {
      placeholder: 'CLASS',
      about: {
        en: 'read, reversible, disruptive or destructive',
        zh: 'read 只读、reversible 可撤销、disruptive 有中断、destructive 不可恢复',
      },
    }),
    parameter: list({
      placeholder: 'SPEC',
      about: {
        en: 'NAME:string|number|boolean|choice(a,b), ! = required, =DEFAULT (repeatable)',
        zh: '名称:string|number|boolean|choice(a,b)，! 表示必填，=默认值（可重复）',
      },
    }),
    user: text({ short: 'u', placeholder: 'NAME', about: { en: 'Run as this user', zh: '以该用户执行' } }),
  },
  examples: [
    {
      line: 'pilothouse script save head-of-file head.sh --effect read --parameter file:string! --parameter lines:number=10',
      about: { en: 'With two parameters', zh: '带两个参数' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const source =
      args.file === '-' ? await context.terminal.readInput(SCRIPT_CHARS_MAX) : await readTextFile(args.file);
    const latest = await newestVersion(client, args.name);
    const { description, interpreter, effect, user } = options;
    const body = {
      ...(latest === null ? {} : ScriptContent.parse(latest)),
      text: source,
      ...(description === undefined ? {} : { description }),
      ...(interpreter === undefined ? {} : { interpreter }),
      ...(effect === undefined ? {} : { effect }),
      ...(user === undefined ? {} : { user }),
      ...(options.parameter.length === 0 ? {} : { parameters: options.parameter.map(parameterOf) }),
    };
    const params = { name: args.name };
    const saved =
      latest === null
        ? await client.call(routes.scriptsCreate, { body: { ...body, name: args.name } })
        : latest.state === 'draft'
          ? await client.call(routes.scriptsEditVersion, {
              params: { ...params, version: latest.version },
              body,
              etag: latest.etag,
            })
          : await client.call(routes.scriptsAddVersion, { params, body });
    if (context.isJson) printJson(context, saved);
    else {
      const { script, version } = saved;
      note(context, context.say(SAVED, { script, version }));
    }
    return EXIT.ok;
  },
});

const SAVED = {
  en: 'Saved as draft: {script} v{version}. Publish: pilothouse script publish {script} {version}',
  zh: '已保存为草稿：{script} v{version}。发布：pilothouse script publish {script} {version}',
};

export const scriptPublish = defineCommand({
  path: 'script publish',
  summary: { en: 'Publish a draft; it never changes again', zh: '发布草稿，此后不可更改' },
  arguments: {
    name: scriptName,
    version: one({ en: 'The version that you have read', zh: '您已审阅的版本' }),
  },
  options: {},
  examples: [
    {
      line: 'pilothouse script publish head-of-file 1',
      about: { en: 'After reading version 1', zh: '审阅版本 1 之后' },
    },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    const draft = await readVersion(client, args.name, Number(args.version));
    const published = await client.call(routes.scriptsPublish, {
      params: { name: args.name, version: draft.version },
      etag: draft.etag,
    });
    if (context.isJson) printJson(context, published);
    else
      note(
        context,
        context.say({ en: 'Published: {script} v{version}', zh: '已发布：{script} v{version}' }, published),
      );
    return EXIT.ok;
  },
});

export const scriptRun = defineCommand({
  path: 'script run',
  summary: { en: 'Run a script of the library on hosts', zh: '在主机上执行脚本库中的脚本' },
  arguments: { name: scriptName },
  options: {
    ...runActionsOptions,
    version: versionOption,
    param: list({
      short: 'p',
      placeholder: 'NAME=VALUE',
      about: { en: 'A parameter (repeatable)', zh: '参数（可重复）' },
    }),
  },
  examples: [
    {
      line: 'pilothouse script run head-of-file -s \'label.role == "web"\' -p file=/etc/os-release',
      about: { en: 'The published version, with a parameter', zh: '执行已发布版本并传入参数' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const script = await readVersion(client, args.name, options.version);
    const made = await client.call(routes.scriptsPlan, {
      params: { name: args.name },
      body: {
        ...(options.version === undefined ? {} : { version: options.version }),
        parameters: readPairs(options.param),
        target: await targetOf(options, (name) => resolveHostId(client, name)),
        strategy: strategyOf(options),
        ...(options.title === undefined ? {} : { title: options.title }),
        ...(options.dryRun ? { isDryRunOnly: true } : {}),
      },
    });
    return carryOutPlan(context, client, {
      ...made,
      effect: script.effect,
      kind: options.dryRun ? 'dry-run' : 'run',
      isYes: options.yes,
      isDetached: options.detach,
    });
  },
});

export const scriptDelete = defineCommand({
  path: 'script delete',
  summary: { en: 'Remove a script from the library', zh: '从脚本库移除脚本' },
  arguments: { name: scriptName },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse script delete head-of-file --yes',
      about: { en: 'Without asking', zh: '不询问直接移除' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const question = context.say(
      { en: 'Remove {name} with all its versions?', zh: '移除 {name} 及其所有版本？' },
      args,
    );
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    await client.call(routes.scriptsDelete, { params: args });
    return EXIT.ok;
  },
});

async function readVersion(
  client: Client,
  name: string,
  version: number | undefined,
): Promise<ScriptVersion> {
  const script = await client.call(routes.scriptsGet, { params: { name } });
  const wanted = version ?? script.publishedVersion ?? script.latestVersion;
  const found = script.versions.find((one) => one.version === wanted);
  if (found === undefined)
    throw new AppError('NOT_FOUND', { what: 'script version', id: `${name} ${wanted}` });
  return found;
}

/** Null when there is no such script. */
async function newestVersion(client: Client, name: string): Promise<ScriptVersion | null> {
  try {
    const script = await client.call(routes.scriptsGet, { params: { name } });
    return script.versions.find((one) => one.version === script.latestVersion) ?? null;
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}
