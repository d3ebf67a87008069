import { readFileSync } from 'node:fs';
import { arch, hostname } from 'node:os';

/** What a host says of itself when it enrols and when it opens a session. */
export interface HostDescription {
  readonly hostName: string;
  readonly arch: string;
  readonly machineId: string;
  readonly bootId: string;
}

/** The kernel's names for what node calls otherwise. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  ia32: 'i686',
};

export const describeHost = (): HostDescription => ({
  hostName: hostname() || 'localhost',
  arch: ARCHITECTURES[arch()] ?? arch(),
  machineId: firstText(['/etc/machine-id', '/var/lib/dbus/machine-id']),
  bootId: firstText(['/proc/sys/kernel/random/boot_id']),
});

/** Empty when the host has none of them, as in some containers. */
function firstText(paths: readonly string[]): string {
  for (const path of paths) {
    try {
      const text = readFileSync(path, 'utf8').trim();
      if (text !== '') return text.slice(0, 64);
    } catch {
      // The next place may have it.
    }
  }
  return '';
}
