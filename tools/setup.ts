/** `npm run setup`: names the Debian packages that lab and system tests need, and installs those that are missing. */
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';

interface Need {
  readonly debianPackage: string;
  readonly why: string;
}

const NEEDS: readonly Need[] = [
  { debianPackage: 'systemd-container', why: 'lab hosts run under systemd-nspawn' },
  { debianPackage: 'mmdebstrap', why: "makes the lab's base image" },
  { debianPackage: 'iproute2', why: 'network of the lab; sockets fact' },
  { debianPackage: 'procps', why: 'parameters fact' },
  {
    debianPackage: 'openssh-client',
    why: 'signatures by keys that an ssh agent holds; tests start one of their own',
  },
  { debianPackage: 'rpm', why: 'real rpm databases for the packages fact' },
  { debianPackage: 'prometheus', why: 'gates over real metrics; tests start one of their own' },
  { debianPackage: 'postgresql', why: 'the store on PostgreSQL; tests start one of their own' },
];

const isInstalled = (name: string): boolean => {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
  return query.stdout.startsWith('install ok installed');
};

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

async function agree(): Promise<boolean> {
  if (process.env['CI'] !== undefined || process.argv.includes('--yes')) return true;
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Install them now? [y/N] ');
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function setup(): Promise<number> {
  const missing = NEEDS.filter((need) => !isInstalled(need.debianPackage));
  if (missing.length === 0) {
    say('Everything that the lab and the system tests need is installed.');
    return 0;
  }
  say('The lab and the system tests need these Debian packages:');
  for (const need of missing) say(`  ${need.debianPackage.padEnd(20)} ${need.why}`);
  const names = missing.map((need) => need.debianPackage);
  const command = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  if (process.getuid?.() !== 0) {
    say(`\nThis user cannot install packages. Run as root:\n  ${command}`);
    return 1;
  }
  if (!(await agree())) {
    say(`\nNothing was installed. To install them yourself:\n  ${command}`);
    return 1;
  }
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...names],
  ]) {
    const result = spawnSync('apt-get', args, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (result.status !== 0) {
      say(`apt-get ${args[0]} failed; see above. Nothing else was changed.`);
      return 1;
    }
  }
  return 0;
}

process.exitCode = await setup();
