import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { type OsBody, osFact } from '../../contract.ts';
import { osOfRelease } from '../../domain/os-of-release.ts';
import { parseAssignments } from '../../domain/parse-assignments.ts';
import { clipWord } from '../../domain/parsed.ts';

/** Which system this is, by os-release(5) and a few files beside it. Knows nothing of the running kernel. */
export const osCollector = defineCollector({
  fact: osFact,
  timeoutMs: 5 * SECOND_MS,
  sources: ['/etc/os-release', '/usr/lib/os-release', '/etc/localtime'],
  async collect(host) {
    const release = await readRelease(host);
    if (release === null) {
      return {
        kind: 'absent',
        reason: 'not-supported',
        detail: { en: 'read /etc/os-release: there is none', zh: '读取 /etc/os-release：不存在' },
      };
    }
    const parsed = parseAssignments(release);
    const body: OsBody = {
      ...osOfRelease(parsed.value),
      initSystem: await initSystemOf(host),
      timezone: await timezoneOf(host),
      locale: await localeOf(host),
    };
    return { kind: 'present', body, unknownLines: parsed.unknownLines };
  },
});

export async function readRelease(host: HostAccess): Promise<string | null> {
  return (await host.readText('/etc/os-release')) ?? (await host.readText('/usr/lib/os-release'));
}

async function initSystemOf(host: HostAccess): Promise<OsBody['initSystem']> {
  if (await host.exists('/run/systemd/system')) return 'systemd';
  if (await host.exists('/run/openrc')) return 'openrc';
  const init = (await host.readLink('/sbin/init')) ?? '';
  if (init.includes('busybox')) return 'busybox';
  if (init.includes('openrc')) return 'openrc';
  if (init.includes('systemd')) return 'systemd';
  return (await host.exists('/etc/inittab')) ? 'sysvinit' : 'other';
}

async function timezoneOf(host: HostAccess): Promise<string | null> {
  const target = await host.readLink('/etc/localtime');
  const linked = target?.split('/zoneinfo/')[1];
  if (linked) return clipWord(linked);
  const named = (await host.readText('/etc/timezone'))?.trim();
  return named ? clipWord(named) : null;
}

async function localeOf(host: HostAccess): Promise<string | null> {
  for (const path of ['/etc/locale.conf', '/etc/default/locale', '/etc/sysconfig/i18n']) {
    const text = await host.readText(path);
    const locale = text === null ? undefined : parseAssignments(text).value.get('LANG');
    if (locale) return clipWord(locale);
  }
  return null;
}
