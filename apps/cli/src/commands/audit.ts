import { readFile } from 'node:fs/promises';
import {
  type Column,
  EXIT,
  type ExitCode,
  flag,
  integer,
  jsonText,
  limitOption,
  moment,
  note,
  printJson,
  printRows,
  readList,
  showPairs,
  text,
} from '@pilothouse/cli-kit';
import { readJsonLines } from '@pilothouse/client';
import {
  AppError,
  type AuditCheckpoint,
  type AuditRecord,
  auditProblems,
  auditRoutes,
  auditVerdicts,
  renderParameters,
} from '@pilothouse/contract';
import type { AppContext } from '../app-context.ts';
import { defineAppCommand } from '../define-app-command.ts';
import { runServerProgram } from '../run-server-program.ts';
import { type ExportReport, verifyExport } from '../verify-export.ts';
import { checkpointOf, renewWitness, witnessFile } from '../witness.ts';
import { auditHosts } from './audit-hosts.ts';

const filterOptions = {
  action: text({
    placeholder: 'ACTION',
    about: {
      en: 'rollout.started, or rollout.* for all of a noun',
      zh: 'rollout.started，或 rollout.* 表示同类全部',
    },
  }),
  subject: text({ placeholder: 'TEXT', about: { en: 'What it was done to', zh: '操作对象' } }),
};

const filterOf = (options: {
  readonly action: string | undefined;
  readonly subject: string | undefined;
}) => ({
  ...(options.action === undefined ? {} : { action: options.action }),
  ...(options.subject === undefined ? {} : { subject: options.subject }),
});

const list = defineAppCommand({
  path: 'audit',
  summary: { en: 'Show who did what, newest first', zh: '查看审计记录（新的在前）' },
  arguments: {},
  options: { ...filterOptions, limit: limitOption },
  examples: [
    {
      line: "pilothouse audit --action 'rollout.*' --limit 20",
      about: { en: 'The latest of one noun', zh: '查看某类最近的记录' },
    },
  ],
  async run(context, { options }) {
    const client = await context.connect();
    const rows = await readList(options.limit ?? 100, (page) =>
      client.call(auditRoutes.list, { query: { ...page, ...filterOf(options) } }),
    );
    const columns: Column<AuditRecord>[] = [
      { title: { en: '#', zh: '#' }, align: 'end', value: (record) => String(record.sequence) },
      { title: { en: 'AT', zh: '时间' }, value: (record) => moment(record.at) },
      { title: { en: 'WHO', zh: '操作者' }, value: (record) => record.actor.name },
      { title: { en: 'DID', zh: '操作' }, value: (record) => record.action },
      { title: { en: 'TO', zh: '对象' }, value: (record) => record.subject },
      {
        title: { en: 'DETAILS', zh: '详情' },
        value: (record) => showPairs(renderParameters(record.details, context.language)),
      },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const exportRecords = defineAppCommand({
  path: 'audit export',
  summary: {
    en: 'Write audit records as JSON lines, oldest first',
    zh: '以 JSON 行输出审计记录（旧的在前）',
  },
  arguments: {},
  options: {
    ...filterOptions,
    after: integer({
      placeholder: 'N',
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      about: { en: 'Records after this number', zh: '该编号之后的记录' },
    }),
  },
  examples: [{ line: 'pilothouse audit export > audit.jsonl', about: { en: 'All of them', zh: '导出全部' } }],
  async run(context, { options }) {
    const client = await context.connect();
    const query = { ...filterOf(options), ...(options.after === undefined ? {} : { after: options.after }) };
    for await (const record of readJsonLines(await client.stream(auditRoutes.export, { query }))) {
      context.terminal.write(`${jsonText(record)}\n`);
    }
    return EXIT.ok;
  },
});

const verify = defineAppCommand({
  path: 'audit verify',
  summary: { en: 'Find any edited, removed or reordered record', zh: '查找被修改、删除或重排的记录' },
  details: {
    en: 'Reads the whole log from the server and checks it here, also against the newest checkpoint that this computer has seen (its witness), which finds a cut-off end and a log written anew. With --data it checks the store file itself; that needs the server program on this machine.',
    zh: '从服务器读取全部日志并在本机校验，同时与本机所见的最新检查点（见证）核对，可发现尾部被截断或日志被整体改写。使用 --data 时校验存储文件本身，需要本机装有服务器程序。',
  },
  arguments: {},
  options: {
    data: text({
      placeholder: 'DIR',
      about: { en: 'Check the store in this data directory instead', zh: '改为校验该数据目录中的存储' },
    }),
    witness: text({
      placeholder: 'FILE',
      about: { en: 'Another witness than this computer’s own', zh: '使用其他见证文件' },
    }),
    noWitness: flag({ about: { en: 'Without any witness', zh: '不使用见证' } }),
  },
  examples: [
    {
      line: 'pilothouse audit verify',
      about: { en: 'Over the API, with what this computer saw', zh: '通过 API 校验，并与本机见证核对' },
    },
    {
      line: 'sudo pilothouse audit verify --data /var/lib/pilothouse',
      about: { en: 'The store file, on the server', zh: '在服务器上校验存储文件' },
    },
  ],
  async run(context, { options }) {
    const site = options.data === undefined ? await context.connector.site() : null;
    const own = site === null ? null : witnessFile(context.sites.directory, site.url);
    const path = options.noWitness ? null : (options.witness ?? own?.path ?? null);
    if (options.data !== undefined)
      return verifyStore(context, options.data, options.noWitness ? null : (options.witness ?? null));
    const witness = path === null ? [] : await readWitness(path, options.witness !== undefined);
    const client = await context.connect();
    const report = await verifyExport(readJsonLines(await client.stream(auditRoutes.export)), witness);
    // Only a log that agrees with what was seen so far may move the witness forward.
    if (report.kind === 'intact' && own !== null && !options.noWitness) await renewWitness(own, client);
    return conclude(context, report);
  },
});

async function readWitness(path: string, isNamed: boolean): Promise<AuditCheckpoint[]> {
  const source = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (!isNamed && cause.code === 'ENOENT') return null;
    throw new AppError('CLI_FILE_UNREADABLE', { path, reason: cause.code ?? 'unknown' }, { cause });
  });
  if (source === null) return [];
  const checkpoint = checkpointOf(source.replace(/^\uFEFF/, ''));
  if (checkpoint === null)
    throw new AppError('CLI_FILE_UNREADABLE', { path, reason: { en: 'not a checkpoint', zh: '不是检查点' } });
  return [checkpoint];
}

function conclude(context: AppContext, report: ExportReport): ExitCode {
  if (context.isJson) printJson(context, report);
  else if (report.kind === 'broken') {
    const what = context.say(auditProblems[report.problem], report);
    note(
      context,
      context.say({ en: 'The audit log is broken: {what}', zh: '审计日志已损坏：{what}' }, { what }),
    );
  } else {
    const verdict = report.provedThrough === report.records ? auditVerdicts.proved : auditVerdicts.unproved;
    context.terminal.write(`${context.say(verdict, report)}\n`);
  }
  return report.kind === 'intact' ? EXIT.ok : EXIT.someFailed;
}

async function verifyStore(context: AppContext, data: string, witness: string | null): Promise<ExitCode> {
  const args = ['audit', 'verify', '--data', data, ...(witness === null ? [] : ['--witness', witness])];
  return (await runServerProgram(context, args)) === 0 ? EXIT.ok : EXIT.someFailed;
}

export const auditCommands = [list, exportRecords, verify, auditHosts];
