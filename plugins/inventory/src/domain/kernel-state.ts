import { sortedUnique } from './canonical-order.ts';
import { clip, clipWord, linesOf } from './parsed.ts';
import { MASK, redactCommandLine } from './redact-command-line.ts';

const PARAMETER_LENGTH_MAX = 1024;

/** Bits of /proc/sys/kernel/tainted, by the kernel's admin guide "Tainted kernels". */
const TAINTS = [
  'proprietary-module',
  'forced-module',
  'unsafe-smp',
  'forced-rmmod',
  'machine-check',
  'bad-page',
  'requested-by-user',
  'oops',
  'acpi-override',
  'warning',
  'staging-driver',
  'firmware-workaround',
  'out-of-tree-module',
  'unsigned-module',
  'soft-lockup',
  'live-patched',
  'auxiliary',
  'struct-randomized',
  'in-kernel-test',
];

export function taintsOf(text: string | null): string[] {
  const mask = /^\d{1,15}\s*$/.test(text ?? '') ? BigInt((text ?? '').trim()) : 0n;
  const names: string[] = [];
  for (let bit = 0; bit < 50; bit++) if ((mask >> BigInt(bit)) & 1n) names.push(TAINTS[bit] ?? `bit-${bit}`);
  return names.sort();
}

/** Parameters whose value names this very host: addresses, names, ids. */
const UNIQUE_VALUE =
  /^(?:ip|ifname|nfsroot|hostname|systemd\.(?:hostname|machine_id)|rd\.iscsi\.initiator|rd\.neednet\.mac)=/;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

/** /proc/cmdline in its order, without secrets and without what would make two hosts of one build differ. */
export function bootParameters(text: string): string[] {
  const words = redactCommandLine(text.trim()).match(/(?:"[^"]*"|\S)+/g) ?? [];
  return words.map((word) => {
    const masked = UNIQUE_VALUE.test(word) ? `${word.slice(0, word.indexOf('=') + 1)}${MASK}` : word;
    return clip(masked.replace(UUID, 'UUID'), PARAMETER_LENGTH_MAX);
  });
}

/** Names in /boot and directories under /lib/modules that hold an image → releases that can boot, oldest first. */
export function installedReleases(
  bootNames: readonly string[],
  releasesWithImage: readonly string[],
): string[] {
  const fromBoot = bootNames.flatMap((name) => /^(?:vmlinuz|vmlinux|Image)-(\d.*)$/.exec(name)?.[1] ?? []);
  const releases = [...fromBoot, ...releasesWithImage].filter(
    (release) => !/rescue|\.old$|\.bak$/.test(release),
  );
  return sortedUnique(releases.map(clipWord)).sort(compareReleases);
}

/**
 * Order of kernel releases: runs of digits by value, other runs as text, a number
 * after text (`1160.71` is newer than `1160.el7`), a longer one after its own beginning, as rpm compares. Enough for
 * releases of one distribution, which is what lies together in one /boot; packages are compared by their own systems' rules.
 */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [piecesOf(a), piecesOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [l, r] = [left[i], right[i]];
    if (l === undefined || r === undefined) return l === r ? 0 : l === undefined ? -1 : 1;
    if (l === r) continue;
    const [isLeftNumber, isRightNumber] = [/^\d/.test(l), /^\d/.test(r)];
    if (isLeftNumber !== isRightNumber) return isLeftNumber ? 1 : -1;
    const order = isLeftNumber ? BigInt(l) - BigInt(r) : l < r ? -1n : 1n;
    if (order !== 0n) return order < 0n ? -1 : 1;
  }
  return 0;
}

const piecesOf = (release: string): string[] => release.match(/\d+|[^\d.\-_+~]+/g) ?? [];

/** /run/reboot-required.pkgs: one package a line, repeated at each upgrade. */
export const rebootPackages = (text: string | null): string[] =>
  sortedUnique(
    linesOf(text ?? '')
      .map((line) => clipWord(line.trim()))
      .filter((name) => name !== ''),
  );
