import type { KernelBody } from '../contract.ts';
import type { Judgement } from './judgement.ts';
import { compareReleases } from './kernel-state.ts';

/**
 * Whether the host waits for a reboot: a newer kernel of the running one's flavour lies ready, or a package asked for it.
 * A container has no kernel of its own to boot, lists none and is never judged by one.
 */
export function judgeKernel(kernel: KernelBody): Judgement[] {
  const flavour = flavourOf(kernel.release);
  const newest = kernel.installedReleases
    .filter((release) => flavourOf(release) === flavour)
    .toSorted(compareReleases)
    .at(-1);
  const isNewerReady = newest !== undefined && compareReleases(newest, kernel.release) > 0;
  if (!isNewerReady && kernel.rebootRequest === null) return [];
  return [
    {
      key: '',
      evidence: {
        running: kernel.release,
        newest: isNewerReady ? newest : kernel.release,
        packages: kernel.rebootRequest?.packages.join(', ') || '-',
      },
    },
  ];
}

/** `cloud-amd64` of `6.1.0-18-cloud-amd64`, `debug` of `5.14.0-427.el9.x86_64+debug`; empty where there is none. */
const flavourOf = (release: string): string => /[-+]([a-z][a-z0-9_-]*)$/.exec(release)?.[1] ?? '';
