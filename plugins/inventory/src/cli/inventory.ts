import { type Column, defineCommand, EXIT, printJson, printRows } from '@pilothouse/cli-kit';
import type { Message } from '@pilothouse/contract';
import { type InventorySummary, inventoryRoutes } from '../contract/routes.ts';

interface CountRow {
  readonly what: string;
  readonly value: string;
  readonly hostsCount: number;
}

const PARTS = {
  os: { en: 'system', zh: '系统' },
  arch: { en: 'architecture', zh: '架构' },
  kernel: { en: 'kernel', zh: '内核' },
  virtualization: { en: 'virtualization', zh: '虚拟化' },
  agentVersion: { en: 'agent', zh: 'agent' },
} satisfies Partial<Record<keyof InventorySummary, Message>>;

const BUILDS = {
  en: '{hostsCount} {hostsCount:host|hosts}; {reportedHostsCount} with packages known, {distinctCount} different package {distinctCount:list|lists}',
  zh: '{hostsCount} 台主机；{reportedHostsCount} 台已上报软件包，共 {distinctCount} 种不同列表',
};

export const inventoryCommand = defineCommand({
  path: 'inventory',
  summary: { en: 'Count hosts by system, kernel, architecture', zh: '按系统、内核、架构统计主机' },
  arguments: {},
  options: {},
  examples: [
    { line: 'pilothouse inventory', about: { en: 'What the fleet is made of', zh: '查看主机群构成' } },
  ],
  async run(context) {
    const summary = await (await context.connect()).call(inventoryRoutes.summary);
    if (context.isJson) {
      printJson(context, summary);
      return EXIT.ok;
    }
    const rows = [
      ...rowsOf(context.say(PARTS.os), summary.os),
      ...rowsOf(context.say(PARTS.arch), summary.arch),
      ...rowsOf(context.say(PARTS.kernel), summary.kernel),
      ...rowsOf(context.say(PARTS.virtualization), summary.virtualization),
      ...rowsOf(context.say(PARTS.agentVersion), summary.agentVersion),
    ];
    const columns: Column<CountRow>[] = [
      { title: { en: 'WHAT', zh: '项目' }, value: (row) => row.what },
      { title: { en: 'VALUE', zh: '值' }, value: (row) => row.value || '-' },
      { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (row) => String(row.hostsCount) },
    ];
    printRows(context, columns, rows);
    const words = { hostsCount: summary.hostsCount, ...summary.builds };
    context.terminal.write(`${context.say(BUILDS, words)}\n`);
    return EXIT.ok;
  },
});

const rowsOf = (what: string, counts: InventorySummary['os']): CountRow[] =>
  counts.map((count) => ({ what, ...count }));
