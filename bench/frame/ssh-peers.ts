/** What goes to hosts by ssh: Ansible and clush, as Debian packages them, under a key that is made for this run. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostRoot } from '../../lab/places.ts';
import { mustRun } from '../../lab/run-command.ts';
import { type TimedRun, timedRun } from './timed-run.ts';

export interface SshPeer {
  readonly name: string;
  readonly debianPackage: string;
  /** As it says of itself; null when it is not installed. */
  readonly version: string | null;
  /** One command on every host; throws unless all of them answered. */
  run(): Promise<TimedRun>;
}

interface Hosts {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

const SSH_OPTIONS = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];

/** `directory`: for the key and whatever the programs keep. */
export async function sshPeers(directory: string, { names, addresses }: Hosts): Promise<SshPeer[]> {
  const key = join(directory, 'key');
  await mustRun('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  for (const name of names) authorize(hostRoot(name), readFileSync(`${key}.pub`, 'utf8'));
  const settings = { directory, key, addresses };
  return [ansible(settings), clush(settings)];
}

function authorize(root: string, publicKey: string): void {
  const place = join(root, 'root/.ssh');
  mkdirSync(place, { recursive: true, mode: 0o700 });
  appendFileSync(join(place, 'authorized_keys'), publicKey, { mode: 0o600 });
}

interface Settings {
  readonly directory: string;
  readonly key: string;
  readonly addresses: readonly string[];
}

/** Pipelining on, as many hosts at once as there are, connections kept as it does by itself. */
function ansible({ directory, key, addresses }: Settings): SshPeer {
  const inventory = join(directory, 'inventory');
  const variables = `ansible_user=root ansible_ssh_private_key_file=${key} ansible_python_interpreter=/usr/bin/python3`;
  writeFileSync(inventory, addresses.map((address) => `${address} ${variables}\n`).join(''));
  const forks = String(addresses.length);
  const environment = {
    HOME: directory,
    ANSIBLE_PIPELINING: 'True',
    ANSIBLE_SSH_ARGS: `-C -o ControlMaster=auto -o ControlPersist=60s ${SSH_OPTIONS.map((o) => `-o ${o}`).join(' ')}`,
    ANSIBLE_NOCOLOR: '1',
  };
  return {
    name: 'Ansible',
    debianPackage: 'ansible-core',
    version: versionOf('ansible'),
    async run() {
      const args = ['all', '-i', inventory, '-f', forks, '-m', 'command', '-a', 'uptime'];
      const run = await timedRun('ansible', args, environment);
      return answeredBy(addresses, run, (run.stdout.match(/ \| CHANGED \| /g) ?? []).length);
    },
  };
}

function clush({ directory, key, addresses }: Settings): SshPeer {
  // Its own file of settings: those of the machine's owner are not what is measured.
  const settings = join(directory, 'clush.conf');
  const options = SSH_OPTIONS.map((option) => `-o${option}`).join(' ');
  writeFileSync(
    settings,
    `[Main]\nfanout: ${addresses.length}\nssh_user: root\nssh_options: -i${key} ${options}\n`,
  );
  chmodSync(settings, 0o600);
  return {
    name: 'clush',
    debianPackage: 'clustershell',
    version: versionOf('clush'),
    async run() {
      const run = await timedRun('clush', ['--conf', settings, '-w', addresses.join(','), 'uptime'], {
        HOME: directory,
      });
      return answeredBy(addresses, run, (run.stdout.match(/load average/g) ?? []).length);
    },
  };
}

function versionOf(program: string): string | null {
  const { stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return error === undefined ? (stdout.split('\n')[0] ?? '').trim() : null;
}

function answeredBy(addresses: readonly string[], run: TimedRun, answers: number): TimedRun {
  if (answers === addresses.length) return run;
  throw new Error(
    `${answers} of ${addresses.length} hosts answered: ${run.stdout}${run.stderr}`.slice(0, 2000),
  );
}
