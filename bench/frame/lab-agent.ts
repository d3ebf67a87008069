import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labProcesses } from '../../lab/cgroups.ts';
import { mustExec } from '../../lab/lab.ts';
import { hostRoot } from '../../lab/places.ts';

export const AGENT_UNIT = 'pilothouse-agent.service';

/** From now on the host's agent reaches the gateway at this address. */
export async function connectThrough(host: string, gateway: string): Promise<void> {
  const place = join(hostRoot(host), `etc/systemd/system/${AGENT_UNIT}.d`);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'bench.conf'), `[Service]\nEnvironment=PILOTHOUSE_AGENT_SERVER=${gateway}\n`);
  await mustExec(host, ['systemctl', 'daemon-reload']);
  await mustExec(host, ['systemctl', 'restart', AGENT_UNIT]);
}

/** The main process of a host's unit, as this machine numbers it. */
export async function unitPid(host: string, unit: string): Promise<number> {
  const inside = (await mustExec(host, ['systemctl', 'show', '--property=MainPID', '--value', unit])).trim();
  for (const pid of await labProcesses(host)) {
    // In its own namespace it has the last of its numbers.
    const numbers = /^NSpid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.split('\t');
    if (numbers !== undefined && numbers.length > 1 && numbers.at(-1) === inside) return pid;
  }
  throw new Error(`${host} runs no process of ${unit}`);
}
