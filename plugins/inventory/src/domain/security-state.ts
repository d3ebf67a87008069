import type { SecurityBody } from '../contract.ts';
import { clipWord, linesOf } from './parsed.ts';

type Selinux = SecurityBody['selinux'];

export function selinuxOf(signs: {
  /** /sys/fs/selinux/enforce; null when SELinux is not active. */
  readonly enforce: string | null;
  readonly config: ReadonlyMap<string, string> | null;
}): Selinux {
  const configured = signs.config?.get('SELINUX')?.trim().toLowerCase();
  const policy = signs.config?.get('SELINUXTYPE')?.trim();
  const running = signs.enforce === null ? null : signs.enforce.trim() === '1' ? 'enforcing' : 'permissive';
  return {
    state: running ?? (signs.config === null ? 'absent' : 'disabled'),
    configured:
      configured === 'enforcing' || configured === 'permissive' || configured === 'disabled'
        ? configured
        : null,
    policy: policy ? clipWord(policy) : null,
  };
}

/** /sys/kernel/security/apparmor/profiles: `name (mode)` a line → how many by mode. */
export function apparmorProfiles(text: string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const line of linesOf(text)) {
    const mode = /\(([a-z]+)\)\s*$/.exec(line)?.[1];
    if (mode !== undefined) counts.set(mode, (counts.get(mode) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

/** /sys/kernel/security/lockdown: `none [integrity] confidentiality`. */
export function lockdownOf(text: string | null): SecurityBody['lockdown'] {
  const chosen = /\[(\w+)\]/.exec(text ?? '')?.[1];
  return chosen === 'none' || chosen === 'integrity' || chosen === 'confidentiality' ? chosen : null;
}

/** The EFI variable SecureBoot: four bytes of attributes, then the value. */
export const isSecureBootOn = (variable: string | null): boolean | null =>
  variable === null || variable.length === 0 ? null : variable.charCodeAt(variable.length - 1) === 1;
