/** For tests: Debian's haproxy before two machines, by the very file that people are given. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { testFetch, until } from '@pilothouse/testkit';
import { GATEWAY_PATHS } from '@pilothouse/wire';

const GIVEN = join(import.meta.dirname, '../packaging/haproxy.cfg');
const PROGRAM = '/usr/sbin/haproxy';

export interface BalancerOptions {
  /** Where its settings are written. */
  readonly directory: string;
  /** The same at the balancer, on 127.0.0.1, and at each machine. */
  readonly ports: { readonly api: number; readonly gateway: number };
  readonly addresses: readonly [string, string];
}

export interface Balancer {
  /** A machine that has just started is let in when it was looked at again. */
  untilItServes(): Promise<void>;
  close(): Promise<void>;
}

export async function haproxy({ directory, ports, addresses }: BalancerOptions): Promise<Balancer> {
  const here: Readonly<Record<string, string>> = {
    '*': '127.0.0.1',
    // More files than that a test may not open everywhere.
    '40000': '1000',
    '7443': String(ports.api),
    '7444': String(ports.gateway),
    '10.0.0.1': addresses[0],
    '10.0.0.2': addresses[1],
  };
  const settings = readFileSync(GIVEN, 'utf8').replaceAll(
    /10\.0\.0\.[12]|744[34]|40000|\*(?=:)/g,
    (given) => here[given] ?? given,
  );
  const path = join(directory, 'haproxy.cfg');
  writeFileSync(path, settings);
  const program = spawn(PROGRAM, ['-db', '-f', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(program, 'exit');
  let said = '';
  program.stderr.on('data', (piece: Buffer) => {
    said += piece.toString('utf8');
  });
  await until('haproxy to listen', 10_000, async () => {
    if (program.exitCode !== null) throw new Error(`haproxy ended:\n${said}`);
    return isThere(ports.gateway);
  });
  const { fetch, close } = testFetch();
  const isServed = async (url: string): Promise<boolean> => {
    try {
      return (await fetch(url, { method: 'GET', headers: {} })).status === 200;
    } catch {
      return false;
    }
  };
  return {
    async untilItServes() {
      for (const url of [
        `https://127.0.0.1:${ports.api}/readyz`,
        `https://127.0.0.1:${ports.gateway}${GATEWAY_PATHS.trust}`,
      ])
        await until(url, 10_000, () => isServed(url));
    },
    async close() {
      close();
      // Asked to, it would wait for its connections to end.
      program.kill('SIGKILL');
      await ended;
    },
  };
}

async function isThere(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
