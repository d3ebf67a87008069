import { type Column, defineCommand, EXIT, printRows } from '@pilothouse/cli-kit';
import { collectAll, listAll } from '@pilothouse/client';
import { hostsRoutes } from '@pilothouse/contract';

interface VersionRow {
  readonly version: string;
  readonly hosts: number;
  readonly online: number;
  readonly names: readonly string[];
}

const NAMES_SHOWN = 8;

export const agentVersions = defineCommand({
  path: 'agent versions',
  summary: { en: 'Count hosts by the version of their agent', zh: '按 agent 版本统计主机' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse agent versions', about: { en: 'Who lags behind', zh: '查看落后的主机' } }],
  async run(context) {
    const client = await context.connect();
    const hosts = await collectAll(
      listAll((cursor) =>
        client.call(hostsRoutes.list, {
          query: { limit: 1000, ...(cursor === undefined ? {} : { cursor }) },
        }),
      ),
    );
    const byVersion = Map.groupBy(hosts, (host) => host.agentVersion ?? '-');
    const rows = [...byVersion].map(
      ([version, list]): VersionRow => ({
        version,
        hosts: list.length,
        online: list.filter((host) => host.presence.kind === 'online').length,
        names: list.slice(0, NAMES_SHOWN).map((host) => host.name),
      }),
    );
    const columns: Column<VersionRow>[] = [
      { title: { en: 'VERSION', zh: '版本' }, value: (row) => row.version },
      { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (row) => String(row.hosts) },
      { title: { en: 'ONLINE', zh: '在线' }, align: 'end', value: (row) => String(row.online) },
      { title: { en: 'NAMES', zh: '主机' }, value: (row) => row.names.join(', ') },
    ];
    printRows(
      context,
      columns,
      rows.sort((a, b) => b.hosts - a.hosts),
    );
    return EXIT.ok;
  },
});
