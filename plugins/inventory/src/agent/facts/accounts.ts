import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { type AccountsBody, accountsFact } from '../../contract.ts';
import { sortedUnique } from '../../domain/canonical-order.ts';
import { parseGroup, parsePasswd, parseShadow, sudoGrantees } from '../../domain/parse-accounts.ts';

/** Accounts in the host's own files, without password hashes. Those of a directory service (LDAP, SSSD) are not listed. */
export const accountsCollector = defineCollector({
  fact: accountsFact,
  timeoutMs: 10 * SECOND_MS,
  sources: ['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/sudoers', '/etc/sudoers.d'],
  async collect(host) {
    const passwd = await host.readText('/etc/passwd');
    if (passwd === null)
      return {
        kind: 'absent',
        reason: 'not-supported',
        detail: { en: 'read /etc/passwd', zh: '读取 /etc/passwd' },
      };
    const shadow = await host.readText('/etc/shadow');
    const users = parsePasswd(passwd, shadow === null ? null : parseShadow(shadow));
    const groups = parseGroup((await host.readText('/etc/group')) ?? '');
    return {
      kind: 'present',
      body: { users: users.value, groups: groups.value, ...(await readSudo(host)) },
      unknownLines: users.unknownLines + groups.unknownLines,
    };
  },
});

async function readSudo(host: HostAccess): Promise<Pick<AccountsBody, 'sudo' | 'isSudoReadable'>> {
  if (!(await host.exists('/etc/sudoers'))) return { sudo: null, isSudoReadable: true };
  const main = await host.readText('/etc/sudoers');
  if (main === null) return { sudo: null, isSudoReadable: false };
  const files = ['/etc/sudoers'];
  const grantees = sudoGrantees(main);
  for (const name of (await host.list('/etc/sudoers.d')) ?? []) {
    // sudo itself passes over names with a dot or a tilde at the end.
    if (name.includes('.') || name.endsWith('~')) continue;
    const text = await host.readText(`/etc/sudoers.d/${name}`);
    if (text === null) continue;
    files.push(`/etc/sudoers.d/${name}`);
    grantees.push(...sudoGrantees(text));
  }
  return { sudo: { files, grantees: sortedUnique(grantees) }, isSudoReadable: true };
}
