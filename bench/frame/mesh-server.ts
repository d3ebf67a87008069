/** MeshCentral as a peer: its server on this machine, its own agents on the lab's hosts, its own interface for commands. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@pilothouse/testkit';
import { openMeshControl } from './mesh-control.ts';

const ACCOUNT = 'bench';
/** Of a server that only the lab can reach, and that ends with this run. */
const PASSWORD = 'Correct-horse-battery-1';
/** It makes keys and signs its agents at its first start. */
const READY_TIMEOUT_MS = 240_000;

export interface MeshServer {
  readonly pid: number;
  readonly version: string;
  readonly control: Awaited<ReturnType<typeof openMeshControl>>;
  close(): Promise<void>;
}

export interface MeshPlace {
  /** Of its npm package. */
  readonly program: string;
  /** For its data. */
  readonly directory: string;
  readonly address: string;
  readonly port: number;
}

export async function openMeshServer({ program, directory, address, port }: MeshPlace): Promise<MeshServer> {
  const data = join(directory, 'data');
  mkdirSync(data);
  const settings = {
    cert: address,
    WANonly: true,
    port,
    portBind: address,
    redirPort: 0,
    mpsPort: 0,
    selfUpdate: false,
    autoBackup: false,
    // It would ask a service of the internet to sign agents for Windows.
    agentTimeStampServer: false,
  };
  writeFileSync(
    join(data, 'config.json'),
    JSON.stringify({ settings, domains: { '': { newAccounts: false } } }),
  );
  const args = [join(program, 'meshcentral.js'), '--datapath', data, '--filespath', join(directory, 'files')];
  for (const more of [
    ['--createaccount', ACCOUNT, '--pass', PASSWORD],
    ['--adminaccount', ACCOUNT],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [...args, ...more], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`MeshCentral made no account: ${stderr.slice(0, 500)}`);
  }
  // With this option it is the one process that serves, and not one that watches over another.
  const child = spawn(process.execPath, [...args, '--launch', String(process.pid)], {
    stdio: 'pipe',
    cwd: directory,
  });
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  try {
    await untilServing(child);
    const login = { user: ACCOUNT, password: PASSWORD };
    const control = await openMeshControl({ host: address, port, login });
    // What npm wrote when it installed it.
    const { version } = JSON.parse(readFileSync(join(program, 'package.json'), 'utf8')) as {
      version: string;
    };
    return {
      pid: child.pid ?? 0,
      version: `MeshCentral ${version}`,
      control,
      async close() {
        control.close();
        await close();
      },
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function untilServing(child: ChildProcess): Promise<void> {
  let log = '';
  child.stdout?.on('data', (piece: Buffer) => (log += piece.toString('utf8')));
  child.stderr?.on('data', (piece: Buffer) => (log += piece.toString('utf8')));
  await until('MeshCentral to serve', READY_TIMEOUT_MS, async () => {
    if (child.exitCode !== null) throw new Error(`MeshCentral ended: ${log.slice(-500)}`);
    return log.includes('HTTPS server running');
  });
}
