import { createHostAccess } from './create-host-access.ts';

/** What a login name stands for on this host. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** Through getent where it exists, so that users of LDAP and the like are found, too; /etc/passwd otherwise. */
export async function lookUpUser(name: string): Promise<SystemUser | null> {
  const host = createHostAccess();
  const asked = await host.run('getent', ['passwd', '--', name]);
  const text = asked?.stdout ?? (await host.readText('/etc/passwd')) ?? '';
  for (const line of text.split('\n')) {
    const [login, , uid, gid, , home, shell] = line.split(':');
    if (login !== name || uid === undefined || gid === undefined) continue;
    return { name, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' };
  }
  return null;
}
