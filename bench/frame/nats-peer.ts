/**
 * The bare request fan-out that ours is compared with: hosts that only listen on one subject of Debian's nats-server and
 * answer at once. No identity, no signature, no journal, nothing durable: what the transport alone would cost.
 */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from './free-port.ts';
import { cpuSeconds } from './process-usage.ts';
import { epochMs } from './statistics.ts';

const HOSTS_PER_PROCESS_MAX = 5_000;
/** As large as an envelope of ours with a plain command. */
const REQUEST_BYTES = 1_500;
const ANSWER_TIMEOUT_MS = 60_000;

export interface NatsPeer {
  readonly version: string;
  /** Seconds from the request to the last of all answers. */
  request(): Promise<{ readonly seconds: number; readonly serverCpuSeconds: number }>;
  close(): Promise<void>;
}

/** Null when the program is not there. */
export function natsVersion(): string | null {
  const { stdout, error } = spawnSync('nats-server', ['--version'], { encoding: 'utf8' });
  return error === undefined ? stdout.trim() : null;
}

export async function openNatsPeer(hosts: number, version: string): Promise<NatsPeer> {
  const port = await freePort();
  const server = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const members: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const member of members) member.disconnect();
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  };
  try {
    await untilListening(port);
    const count = Math.max(2, Math.ceil(hosts / HOSTS_PER_PROCESS_MAX));
    const per = Math.ceil(hosts / count);
    for (let number = 0; number < count; number++) {
      const member = fork(new URL('./nats-hosts-process.ts', import.meta.url), { stdio: 'inherit' });
      members.push(member);
      const share = Math.min(per, hosts - number * per);
      member.send({ port, hosts: share, localAddress: `127.0.2.${number + 1}` });
      await once(member, 'message');
    }
    return { version, request: () => request({ hosts, port, pid: server.pid ?? 0 }), close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nats-server does not listen');
}

function request({
  hosts,
  port,
  pid,
}: {
  hosts: number;
  port: number;
  pid: number;
}): Promise<{ seconds: number; serverCpuSeconds: number }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`only ${answers} of ${hosts} answered over NATS`));
    }, ANSWER_TIMEOUT_MS);
    let answers = 0;
    let rest = '';
    let began = 0;
    let cpuBefore = 0;
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (piece: string) => {
      // Each answer is one MSG line with its payload; the payload holds no such line.
      const text = rest + piece;
      const lastLine = text.lastIndexOf('\n');
      rest = text.slice(lastLine + 1);
      const whole = text.slice(0, lastLine + 1);
      if (began === 0 && whole.includes('PONG')) {
        began = epochMs();
        cpuBefore = cpuSeconds(pid);
        socket.write(`PUB cmd inbox ${REQUEST_BYTES}\r\n${'x'.repeat(REQUEST_BYTES)}\r\n`);
      }
      answers += whole.split('MSG inbox').length - 1;
      if (answers < hosts) return;
      clearTimeout(timer);
      const seconds = (epochMs() - began) / 1000;
      socket.destroy();
      resolve({ seconds, serverCpuSeconds: cpuSeconds(pid) - cpuBefore });
    });
    socket.write('CONNECT {"verbose":false}\r\nSUB inbox 1\r\nPING\r\n');
  });
}
