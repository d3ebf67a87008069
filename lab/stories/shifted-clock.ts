/**
 * A clock of its own for one program. Hosts of the lab share the clock of this machine, so the program that a story is
 * about is told another time by Debian's libfaketime: what it reads as the time of day is off, what it measures is not.
 */
import { globSync } from 'node:fs';
import { baseImage } from '../base-image.ts';
import { mustExec } from '../lab.ts';

const DROP_IN = '/etc/systemd/system/pilothouse-agent.service.d/clock.conf';
/** The dynamic linker puts the name of the architecture's directory in for $LIB. */
const ON_HOST = '/usr/$LIB/faketime/libfaketimeMT.so.1';

const settings = (library: string, shift: string): Record<string, string> => ({
  LD_PRELOAD: library,
  FAKETIME: shift,
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  NO_FAKE_STAT: '1',
});

/** Restarts a host's agent with its clock shifted by `+1d`, `-2h`, or, with null, right again. */
export async function shiftAgentClock(host: string, shift: string | null): Promise<void> {
  const lines = Object.entries(settings(ON_HOST, shift ?? '')).map(
    ([name, value]) => `Environment=${name}=${value}`,
  );
  const unit = `[Service]\n${lines.join('\n')}\n`;
  const write = `mkdir -p "\${0%/*}" && printf %s "$1" > "$0"`;
  if (shift === null) await mustExec(host, ['rm', '-f', DROP_IN]);
  else await mustExec(host, ['sh', '-c', write, DROP_IN, unit]);
  await mustExec(host, ['systemctl', 'daemon-reload']);
  await mustExec(host, ['systemctl', 'restart', 'pilothouse-agent.service']);
}

/** For a program on this machine, with the library of the hosts' own base image. */
export async function shiftedClock(shift: string): Promise<Record<string, string>> {
  const base = await baseImage('debian-12', () => undefined);
  const [library] = globSync(`${base}/usr/lib/*/faketime/libfaketimeMT.so.1`);
  if (library === undefined) throw new Error(`${base} has no libfaketime`);
  return settings(library, shift);
}
