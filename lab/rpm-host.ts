import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from './places.ts';
import { mustRun } from './run-command.ts';

const SPECS = join(PROJECT_ROOT, 'lab/rpm');

/** Gives a Debian tree an rpm database with packages built here, and takes dpkg's away. */
export async function turnIntoRpmHost(root: string): Promise<void> {
  const packages = await buildPackages();
  try {
    // Debian's rpm keeps its database in the caller's home; real rpm hosts have it here.
    await mkdir(join(root, 'etc/rpm'), { recursive: true });
    await writeFile(join(root, 'etc/rpm/macros'), '%_dbpath /var/lib/rpm\n');
    await rm(join(root, 'usr/lib/os-release'));
    const files = (await readdir(packages))
      .filter((name) => name.endsWith('.rpm'))
      .map((name) => join(packages, name));
    await mustRun('rpm', [
      '--root',
      root,
      '--define',
      '_dbpath /var/lib/rpm',
      '--install',
      '--nodeps',
      ...files,
    ]);
  } finally {
    await rm(packages, { recursive: true, force: true });
  }
  await rm(join(root, 'var/lib/dpkg'), { recursive: true, force: true });
  await rm(join(root, 'usr/bin/dpkg-query'), { force: true });
  await rm(join(root, 'etc/apt'), { recursive: true, force: true });
  await mkdir(join(root, 'etc/yum.repos.d'), { recursive: true });
  await writeFile(join(root, 'etc/yum.repos.d/lab.repo'), LAB_REPOSITORY);
}

const LAB_REPOSITORY = `[lab-everything]
name=Lab packages for openEuler 24.03
baseurl=file:///srv/repo/everything
enabled=1
gpgcheck=0
`;

async function buildPackages(): Promise<string> {
  const output = await mkdtemp(join(tmpdir(), 'pilothouse-rpm-'));
  for (const spec of await readdir(SPECS)) {
    await mustRun('rpmbuild', [
      '-bb',
      '--quiet',
      '--define',
      `_topdir ${join(output, 'build')}`,
      '--define',
      `_rpmdir ${output}`,
      '--define',
      '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
      join(SPECS, spec),
    ]);
  }
  return output;
}
