import type { FactWatch } from '@pilothouse/agent-kit';
import { MINUTE_MS } from '@pilothouse/base';
import { MANAGED_LIST } from '../contract/facts.ts';
import { parseManagedList } from './managed-list.ts';

/** When each managed file was last touched. */
export const managedFilesWatch: FactWatch = {
  fact: 'managed-files',
  intervalMs: 5 * MINUTE_MS,
  async look(host) {
    const text = await host.readText(MANAGED_LIST);
    const managed = text === null ? null : parseManagedList(text);
    if (managed === null) return null;
    const seen: string[] = [];
    // One after the other: of paths that do not answer, one thread is held and no more.
    for (const path of Object.keys(managed)) seen.push(`${path} ${await host.changedAt(path)}`);
    return seen.join('\n');
  },
};
