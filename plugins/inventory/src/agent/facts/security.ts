import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { securityFact } from '../../contract.ts';
import { parseAssignments } from '../../domain/parse-assignments.ts';
import { clipWord } from '../../domain/parsed.ts';
import { apparmorProfiles, isSecureBootOn, lockdownOf, selinuxOf } from '../../domain/security-state.ts';
import { readLine } from '../read-line.ts';

const SECURE_BOOT = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';
const VULNERABILITIES = '/sys/devices/system/cpu/vulnerabilities';

/** Which guards of the kernel are on. Judges no policy; the baseline does that. */
export const securityCollector = defineCollector({
  fact: securityFact,
  timeoutMs: 5 * SECOND_MS,
  async collect(host) {
    const config = await host.readText('/etc/selinux/config');
    const modules = await readLine(host, '/sys/kernel/security/lsm');
    const profiles = await host.readText('/sys/kernel/security/apparmor/profiles');
    return {
      kind: 'present',
      unknownLines: 0,
      body: {
        modules: modules === null ? null : modules.split(',').map(clipWord),
        selinux: selinuxOf({
          enforce: await readLine(host, '/sys/fs/selinux/enforce'),
          config: config === null ? null : parseAssignments(config).value,
        }),
        apparmor: {
          isEnabled: (await readLine(host, '/sys/module/apparmor/parameters/enabled')) === 'Y',
          profiles: profiles === null ? null : apparmorProfiles(profiles),
        },
        lockdown: lockdownOf(await readLine(host, '/sys/kernel/security/lockdown')),
        isSecureBoot: isSecureBootOn(await host.readText(SECURE_BOOT, 64)),
        isFips: (await readLine(host, '/proc/sys/crypto/fips_enabled')) === '1',
        cpuVulnerabilities: await vulnerabilitiesOf(host),
      },
    };
  },
});

async function vulnerabilitiesOf(host: HostAccess): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await host.list(VULNERABILITIES)) ?? []) {
    const state = await readLine(host, `${VULNERABILITIES}/${name}`);
    if (state !== null) found[clipWord(name)] = state;
  }
  return found;
}
