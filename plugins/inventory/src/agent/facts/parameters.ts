import { defineCollector } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { parametersFact } from '../../contract.ts';
import { parseSysctl } from '../../domain/parse-sysctl.ts';

/**
 * Kernel parameters by `sysctl -a`. The tool is asked, and /proc/sys not read, because reading some of its files does
 * something. An ordinary user sees fewer of them.
 */
export const parametersCollector = defineCollector({
  fact: parametersFact,
  sources: ['/etc/sysctl.conf', '/etc/sysctl.d', '/run/sysctl.d', '/usr/lib/sysctl.d'],
  timeoutMs: 15 * SECOND_MS,
  async collect(host) {
    const answer = await host.run('sysctl', ['-a'], { timeoutMs: 10 * SECOND_MS });
    if (answer === null)
      return {
        kind: 'absent',
        reason: 'tool-missing',
        detail: { en: 'run sysctl -a (procps)', zh: '运行 sysctl -a（procps）' },
      };
    const parsed = parseSysctl(answer.stdout);
    // sysctl fails when any one parameter cannot be read, which is normal.
    if (answer.isCut || answer.isTimedOut || Object.keys(parsed.value).length === 0) {
      return {
        kind: 'absent',
        reason: 'failed',
        detail: {
          en: `run sysctl -a: exit code ${answer.exitCode}`,
          zh: `运行 sysctl -a：退出码 ${answer.exitCode}`,
        },
      };
    }
    return { kind: 'present', body: { parameters: parsed.value }, unknownLines: parsed.unknownLines };
  },
});
