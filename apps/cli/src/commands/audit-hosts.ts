import { readFile } from 'node:fs/promises';
import { duration, EXIT, note, plain, printJson, rest } from '@pilothouse/cli-kit';
import { AppError, checkHistories, type HistoryProblem, HistoryRecord } from '@pilothouse/contract';
import type { AppContext } from '../app-context.ts';
import { defineAppCommand } from '../define-app-command.ts';

/** Hosts whose clocks are kept by NTP differ by less. */
const TOLERANCE_MS_DEFAULT = 5000;
/** Ten thousand hosts with a history of two files each. */
const FILES_MAX = 20_000;

export const auditHosts = defineAppCommand({
  path: 'audit hosts',
  summary: {
    en: 'Find skipped waves and gates in the hosts’ own records',
    zh: '从主机自身的记录中查找被跳过的批次与关卡',
  },
  details: {
    en: 'Needs no server and believes none. On each host: pilothouse-agent history --json > NAME.jsonl; bring the files together and name them here. The times are the hosts’ own.',
    zh: '不需要也不信任服务器。在各主机上运行 pilothouse-agent history --json > 名称.jsonl，收集后在此列出。时间以主机自身为准。',
  },
  arguments: { files: rest({ en: 'Histories of hosts, as JSON lines', zh: '主机历史记录（JSON 行）' }) },
  options: {
    tolerance: duration({
      placeholder: '5s',
      about: { en: 'How far clocks may differ (default 5s)', zh: '允许的时钟偏差（默认 5s）' },
    }),
  },
  examples: [
    {
      line: 'pilothouse audit hosts web-1.jsonl web-2.jsonl',
      about: { en: 'After a server was stolen', zh: '服务器失窃之后' },
    },
  ],
  async run(context, { args, options }) {
    if (args.files.length === 0)
      throw new AppError('CLI_ARGUMENT_MISSING', { command: 'pilothouse audit hosts', argument: 'FILES' });
    const records: HistoryRecord[] = [];
    for (const path of args.files.slice(0, FILES_MAX)) records.push(...(await readRecords(path)));
    const report = checkHistories(records, options.tolerance ?? TOLERANCE_MS_DEFAULT);
    if (context.isJson) printJson(context, report);
    else {
      for (const problem of report.problems) context.terminal.write(`${describe(context, problem)}\n`);
      const { hostsCount, startsCount, silentCount } = report;
      const found = {
        hosts: hostsCount,
        starts: startsCount,
        silent: silentCount,
        problems: report.problems.length,
      };
      note(
        context,
        context.say(
          {
            en: '{problems} {problems:problem|problems} in {starts} {starts:task|tasks} of {hosts} {hosts:host|hosts}; {silent} {silent:host|hosts} of earlier waves brought no record',
            zh: '{hosts} 台主机的 {starts} 个任务中发现 {problems} 个问题；先前批次中有 {silent} 台主机未提供记录',
          },
          found,
        ),
      );
    }
    return report.problems.length === 0 ? EXIT.ok : EXIT.someFailed;
  },
});

async function readRecords(path: string): Promise<HistoryRecord[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('CLI_FILE_UNREADABLE', { path, reason: cause.code ?? 'unknown' }, { cause });
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const parsed = HistoryRecord.safeParse(parseJson(line));
      if (parsed.success) return parsed.data;
      throw new AppError('CLI_FILE_UNREADABLE', {
        path,
        reason: { en: `line ${index + 1} is no record of a host`, zh: `第 ${index + 1} 行不是主机记录` },
      });
    });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The caller names the line, which says more than the parser could.
    return null;
  }
}

function describe({ say }: AppContext, problem: HistoryProblem): string {
  const { hostId, at, planDigest, wave, title } = problem.start;
  const about = {
    host: hostId,
    at,
    plan: planDigest.slice(0, 16),
    title: plain(title),
    wave: (wave ?? 0) + 1,
  };
  switch (problem.kind) {
    case 'wave-skipped':
      return say(
        {
          en: '{at} {host} began wave {wave} of {plan} ({title}) before {other} of the wave before had ended',
          zh: '{at} {host} 开始了 {plan}（{title}）的第 {wave} 批，而前一批的 {other} 尚未结束',
        },
        { ...about, other: problem.other.hostId },
      );
    case 'wave-missing':
      return say(
        {
          en: '{at} {host} began wave {wave} of {plan} ({title}), and no record says that a host of the wave before began',
          zh: '{at} {host} 开始了 {plan}（{title}）的第 {wave} 批，但没有任何记录表明前一批的主机曾经开始',
        },
        about,
      );
    case 'soak-skipped':
      return say(
        {
          en: '{at} {host} began wave {wave} of {plan} ({title}) after {waited} s; its gates ask for {soak} s',
          zh: '{at} {host} 在 {waited} 秒后开始了 {plan}（{title}）的第 {wave} 批；关卡要求 {soak} 秒',
        },
        {
          ...about,
          waited: Math.max(0, Math.round(problem.waitedMs / 1000)),
          soak: Math.round(problem.start.soakMs / 1000),
        },
      );
    case 'ran-again':
      return say(
        {
          en: '{at} {host} ran its step of {plan} ({title}) again',
          zh: '{at} {host} 再次执行了 {plan}（{title}）的步骤',
        },
        about,
      );
  }
}
