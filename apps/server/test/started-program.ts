/** For tests: what `npm start` runs, as a process of its own, as any user, with any Node it believes to be. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const PROGRAM = 'apps/server/bin/start.mjs';
export const READY = 'Ctrl-C stops it';
/** Debian's `nobody`, `nogroup`. */
const NOBODY = 65_534;

export interface Ended {
  readonly code: number | null;
  readonly text: string;
}

export interface StartedProgram {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** What it said until it was ready; fails with it when it ends first. */
  ready(): Promise<string>;
  /** Ctrl-C: the terminal sends it to every process of the group, the agent and a wrapper included. */
  interrupt(): void;
  /** To the first process alone, as a service manager or a person with `kill` does. */
  signal(name: NodeJS.Signals): void;
}

export interface Place {
  readonly data: string;
  readonly listen: string;
  readonly gatewayListen: string;
}

export interface Manner {
  /** Without root, whatever this test runs as. */
  readonly asOrdinaryUser?: boolean;
  /** With a terminal for its output, as a person has it. */
  readonly onTerminal?: boolean;
  /** The version of Node that the wrapper is made to see. */
  readonly nodeVersion?: string;
  /** Other than this checkout. */
  readonly root?: string;
}

/** A directory of its own for the data, that an ordinary user may write to, and two ports that were free just now. */
export async function newPlace(): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-npm-start-'));
  chmodSync(directory, 0o755);
  const data = join(directory, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (process.getuid?.() === 0) chownSync(data, NOBODY, NOBODY);
  const [api, gateway] = await freePorts();
  return { data, listen: `127.0.0.1:${api}`, gatewayListen: `127.0.0.1:${gateway}` };
}

export const removePlace = ({ data }: Place): void => rmSync(dirname(data), { recursive: true, force: true });

async function freePorts(): Promise<number[]> {
  const servers = [createServer(), createServer()];
  const ports = servers.map(async (server) => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  const free = await Promise.all(ports);
  for (const server of servers) await once(server.close(), 'close');
  return free;
}

export function startProgram(place: Place, manner: Manner = {}): StartedProgram {
  const [program = '', ...args] = commandOf(manner);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: {
      PATH: process.env['PATH'],
      LANG: 'C.UTF-8',
      PILOTHOUSE_DATA: place.data,
      PILOTHOUSE_LISTEN: place.listen,
      PILOTHOUSE_GATEWAY_LISTEN: place.gatewayListen,
      PILOTHOUSE_ADVERTISE: 'localhost',
    },
  });
  let text = '';
  let heard: () => void = () => undefined;
  const keep = (piece: Buffer): void => {
    text += piece.toString('utf8');
    heard();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = once(child, 'close').then(([code]): Ended => ({ code, text }));
  return {
    pid: child.pid ?? 0,
    ended,
    interrupt: () => process.kill(-(child.pid ?? 0), 'SIGINT'),
    signal: (name) => child.kill(name),
    async ready() {
      const said = new Promise<string>((resolve) => {
        heard = () => {
          if (text.includes(READY)) resolve(text);
        };
        heard();
      });
      const failed = ended.then((end): string => {
        throw new Error(`ended with ${end.code} before it was ready:\n${end.text}`);
      });
      return Promise.race([said, failed]);
    },
  };
}

function commandOf(manner: Manner): string[] {
  const command = commandWithout(manner);
  if (manner.onTerminal !== true) return command;
  return [
    'script',
    '--quiet',
    '--return',
    '--command',
    command.map((word) => `'${word}'`).join(' '),
    '/dev/null',
  ];
}

function commandWithout({ asOrdinaryUser = false, nodeVersion, root = ROOT }: Manner): string[] {
  const inside = (path: string): string => join(root, path);
  const node = relative(ROOT, process.execPath);
  const pretend = nodeVersion === undefined ? [] : ['--import', pretending(nodeVersion)];
  if (!asOrdinaryUser || process.getuid?.() !== 0) return [process.execPath, ...pretend, inside(PROGRAM)];
  // The checkout may lie where nobody else may look, so the user gets a view of it in a mount namespace of its own.
  const asNobody = `--reuid=${NOBODY} --regid=${NOBODY} --clear-groups`;
  const view = 'mount --bind "$0" /mnt && cd /mnt && exec setpriv';
  return ['unshare', '--mount', 'sh', '-c', `${view} ${asNobody} "./$1" "./$2"`, root, node, PROGRAM];
}

/** A module that makes the process believe it runs on another Node, before the wrapper looks. */
function pretending(version: string): string {
  const versions = `{...process.versions,node:${JSON.stringify(version)}}`;
  const set = (name: string, value: string): string =>
    `Object.defineProperty(process,'${name}',{value:${value}});`;
  const code = set('versions', versions) + set('version', JSON.stringify(`v${version}`));
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Every process of this machine whose arguments or settings name the directory: the server's and its agent's. */
export function processesOf({ data }: Place): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => ['cmdline', 'environ'].some((file) => readProcess(pid, file).includes(data)))
    .map(Number);
}

function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It ended meanwhile, or is another user's: then it is none of ours.
    return '';
  }
}
