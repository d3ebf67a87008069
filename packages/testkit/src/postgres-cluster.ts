import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '@pilothouse/base';
import { until } from './until.ts';

/** Where Debian puts the programs of each major version. */
const VERSIONS = '/usr/lib/postgresql';
const READY = 'ready to accept connections';
const ENDED_TIMEOUT_MS = 60_000;
/** PostgreSQL refuses to run as root. Debian's `nobody`, `nogroup`. */
const NOBODY = 65_534;

/** A PostgreSQL of a test's own: a directory, a socket in it, no port. */
export interface PostgresCluster {
  /** Of the database that is always there, for making others. */
  readonly administrationUrl: string;
  /** A fresh, empty database; gives what PILOTHOUSE_STORE takes. */
  newDatabase(): string;
  kill(signal: 'SIGKILL' | 'SIGQUIT' | 'SIGINT'): Promise<void>;
  start(): Promise<void>;
  /** Stops every process of it where it stands, as a machine that hangs; `thaw` lets them go on. */
  freeze(): void;
  thaw(): void;
  /** Runs SQL as the administrator does, beside whoever else is connected. */
  sql(url: string, text: string): string;
  /** Ends it and leaves nothing behind. */
  remove(): Promise<void>;
}

/**
 * Debian's newest PostgreSQL, as an ordinary user. Its databases sort text by a language's rules, so that whoever relies
 * on the order of bytes without saying so is found out. It ends with the process that started it.
 */
export async function postgresCluster(): Promise<PostgresCluster> {
  const bin = newestBin();
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-postgres-'));
  const isRoot = process.getuid?.() === 0;
  chmodSync(directory, 0o755);
  if (isRoot) chownSync(directory, NOBODY, NOBODY);
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const data = join(directory, 'data');
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8' };
  const locale = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];
  const initialise = ['-D', data, '-U', 'pilothouse', '-A', 'trust', '-E', 'UTF8', ...locale, '--no-sync'];
  execFileSync(join(bin, 'initdb'), initialise, { ...user, env, cwd: directory, stdio: 'pipe' });
  const run = (program: string, args: readonly string[]): string =>
    execFileSync(join(bin, program), ['-h', directory, '-U', 'pilothouse', ...args], {
      env,
      cwd: directory,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  let child: ChildProcess | null = null;
  let databases = 0;
  const urlOf = (name: string): string => `postgres:///${name}?host=${directory}&user=pilothouse`;
  const cluster: PostgresCluster = {
    administrationUrl: urlOf('postgres'),
    newDatabase() {
      databases += 1;
      run('createdb', [`t${databases}`]);
      return urlOf(`t${databases}`);
    },
    async start() {
      child = await startServer({ bin, data, directory, isRoot });
    },
    async kill(signal) {
      const running = child;
      child = null;
      if (running === null || running.exitCode !== null || running.signalCode !== null) return;
      const others = childrenOf(running.pid);
      const ended = once(running, 'exit');
      running.kill(signal);
      await ended;
      // When it was killed they notice by themselves, and hold its memory until then, over which no other begins.
      await until('its processes to end', ENDED_TIMEOUT_MS, async () => others.every(isGone));
    },
    freeze: () => signalAll(child, 'SIGSTOP'),
    thaw: () => signalAll(child, 'SIGCONT'),
    sql: (url, text) => run('psql', ['-d', new URL(url).pathname.slice(1), '-At', '-c', text]).trim(),
    async remove() {
      cluster.thaw();
      await cluster.kill('SIGQUIT');
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await cluster.start();
  return cluster;
}

interface Place {
  readonly bin: string;
  readonly data: string;
  readonly directory: string;
  readonly isRoot: boolean;
}

async function startServer({ bin, data, directory, isRoot }: Place): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: directory,
    fsync: 'off',
    max_connections: '200',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const asNobody = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'QUIT', ...(isRoot ? asNobody : []), join(bin, 'postgres'), '-D', data, ...options],
    {
      cwd: directory,
      env: { PATH: process.env['PATH'], LANG: 'C.UTF-8' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (piece: Buffer) => {
      text = (text + piece.toString('utf8')).slice(-64 * 1024);
      if (text.includes(READY)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${text}`)));
    child.once('error', reject);
  });
  return child;
}

function newestBin(): string {
  const versions = readdirSync(VERSIONS)
    .map(Number)
    .filter((version) => !Number.isNaN(version))
    .sort((a, b) => b - a);
  return join(VERSIONS, String(versions[0]), 'bin');
}

/** The postmaster first when they stop, so that it starts no other meanwhile. */
function signalAll(postmaster: ChildProcess | null, signal: 'SIGSTOP' | 'SIGCONT'): void {
  const pid = postmaster?.pid;
  if (pid === undefined) return;
  process.kill(pid, signal);
  for (const child of childrenOf(pid)) {
    try {
      process.kill(child, signal);
    } catch (error) {
      // It ended since it was listed.
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  }
}

const childrenOf = (pid: number | undefined): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => statOf(child)?.parent === pid);

const isGone = (pid: number): boolean => (statOf(pid)?.state ?? 'Z') === 'Z';

/** Null: there is no such process any more. */
function statOf(pid: number): { readonly state: string; readonly parent: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}
