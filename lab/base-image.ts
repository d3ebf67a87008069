import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE_DIRECTORY } from './places.ts';
import { turnIntoRpmHost } from './rpm-host.ts';
import { mustRun } from './run-command.ts';

/**
 * debian-12 is what it says; debian-12-ssh also lets people in by ssh, for what reaches hosts that way. rpm-host is a Debian
 * userland whose package database is rpm's, with packages built here, and whose os-release is openEuler's: no rpm
 * distribution can be fetched where the lab runs, and it never stands in for one where the userland matters.
 */
export const DISTRIBUTIONS = ['debian-12', 'debian-12-ssh', 'rpm-host'] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

/** What an ordinary server has that the facts and commands of the stories touch. */
const DEBIAN_PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'iproute2',
  'procps',
  'cron',
  'kmod',
  'python3-minimal',
  'libstdc++6',
  'ca-certificates',
  // Hosts share this machine's clock; it gives one program a clock of its own, for stories about clocks that are off.
  'libfaketime',
];

const MORE_PACKAGES: Readonly<Record<Distribution, readonly string[]>> = {
  'debian-12': [],
  // Ansible's modules want all of Python.
  'debian-12-ssh': ['openssh-server', 'python3'],
  'rpm-host': ['rpm'],
};

/** Raise it when the recipe changes: the old image is then left behind and a new one made. */
const RECIPE = 2;

/** The mirror apt already uses on this machine, so that the lab names none. */
async function aptMirror(): Promise<string> {
  const lines = await mustRun('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(CODENAME)',
    'Created-By: Packages',
  ]);
  const mirror = lines
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, codename]) => codename === 'bookworm')?.[0];
  if (mirror === undefined)
    throw new Error('apt knows no Debian 12 repository: run apt-get update, or add one');
  return mirror;
}

/** The root file system of a distribution, made once and then only read, as the lower layer of every host. */
export async function baseImage(distribution: Distribution, say: (text: string) => void): Promise<string> {
  const directory = join(CACHE_DIRECTORY, `${distribution}-r${RECIPE}`);
  if (existsSync(directory)) return directory;
  say(`making the ${distribution} base image (once, about half a minute)`);
  await mkdir(CACHE_DIRECTORY, { recursive: true });
  const unfinished = `${directory}.${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  await mustRun('mmdebstrap', [
    '--quiet',
    '--variant=minbase',
    `--include=${[...DEBIAN_PACKAGES, ...MORE_PACKAGES[distribution]].join(',')}`,
    'bookworm',
    unfinished,
    await aptMirror(),
  ]);
  if (distribution === 'rpm-host') await turnIntoRpmHost(unfinished);
  await rename(unfinished, directory);
  return directory;
}
