import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { type Repository, repositoriesFact } from '../../contract.ts';
import { sortedBy } from '../../domain/canonical-order.ts';
import {
  parseApkRepositories,
  parseDeb822Sources,
  parseSourcesList,
} from '../../domain/parse-apt-sources.ts';
import { parseDnfRepositories } from '../../domain/parse-dnf-repositories.ts';
import type { Parsed } from '../../domain/parsed.ts';

type Parse = (text: string, file: string) => Parsed<Repository[]>;

/** Single files, and directories with the ending that their tool reads. */
const FILES: readonly { readonly path: string; readonly parse: Parse }[] = [
  { path: '/etc/apt/sources.list', parse: parseSourcesList },
  { path: '/etc/apk/repositories', parse: parseApkRepositories },
  { path: '/etc/yum.conf', parse: parseDnfRepositories },
  { path: '/etc/dnf/dnf.conf', parse: parseDnfRepositories },
];
const DIRECTORIES: readonly { readonly path: string; readonly ending: string; readonly parse: Parse }[] = [
  { path: '/etc/apt/sources.list.d', ending: '.list', parse: parseSourcesList },
  { path: '/etc/apt/sources.list.d', ending: '.sources', parse: parseDeb822Sources },
  { path: '/etc/yum.repos.d', ending: '.repo', parse: parseDnfRepositories },
];
/** Far more than any host has; a runaway directory must not hold the agent up. */
const FILES_MAX = 500;

/** Where software comes from, as configured; whether a repository answers is not asked. */
export const repositoriesCollector = defineCollector({
  fact: repositoriesFact,
  timeoutMs: 10 * SECOND_MS,
  sources: ['/etc/apt/sources.list', '/etc/apt/sources.list.d', '/etc/apk/repositories', '/etc/yum.repos.d'],
  async collect(host) {
    const repositories: Repository[] = [];
    let unknownLines = 0;
    let filesCount = 0;
    for (const { path, parse } of await sourcesOf(host)) {
      const text = await host.readText(path);
      if (text === null) continue;
      filesCount += 1;
      const parsed = parse(text, path);
      repositories.push(...parsed.value);
      unknownLines += parsed.unknownLines;
    }
    if (filesCount === 0) {
      return {
        kind: 'absent',
        reason: 'not-supported',
        detail: {
          en: 'look for the files of apt, dnf or apk: there are none',
          zh: '查找 apt、dnf 或 apk 的文件：不存在',
        },
      };
    }
    const sorted = sortedBy(
      repositories,
      (r) => r.file,
      (r) => r.id,
      (r) => r.components.join(' '),
    );
    return { kind: 'present', body: { repositories: sorted }, unknownLines };
  },
});

async function sourcesOf(host: HostAccess): Promise<{ path: string; parse: Parse }[]> {
  const sources = [...FILES];
  for (const { path, ending, parse } of DIRECTORIES) {
    const names = ((await host.list(path)) ?? []).filter((name) => name.endsWith(ending));
    sources.push(...names.map((name) => ({ path: `${path}/${name}`, parse })));
  }
  return sources.slice(0, FILES_MAX);
}
