import { defineCollector } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { modulesFact } from '../../contract.ts';
import { sortedUnique } from '../../domain/canonical-order.ts';
import { clipWord, linesOf } from '../../domain/parsed.ts';

/** Names of the loaded kernel modules; their use counts tick and are left out. */
export const modulesCollector = defineCollector({
  fact: modulesFact,
  sources: ['/sys/module'],
  timeoutMs: 5 * SECOND_MS,
  async collect(host) {
    const text = await host.readText('/proc/modules');
    if (text === null) {
      return {
        kind: 'absent',
        reason: 'not-supported',
        detail: {
          en: 'read /proc/modules: this kernel has no loadable modules',
          zh: '读取 /proc/modules：该内核不支持可加载模块',
        },
      };
    }
    const names = linesOf(text).map((line) => clipWord(line.split(' ')[0] ?? ''));
    return {
      kind: 'present',
      body: { modules: sortedUnique(names.filter((name) => name !== '')) },
      unknownLines: 0,
    };
  },
});
