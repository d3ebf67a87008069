import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type DoctorFinding, ok, warning } from './finding.ts';

const ANSWER_TIMEOUT_MS = 3000;
/** A session is one descriptor; the rest are files, the store's, people's and a storm's half-open ones. */
const DESCRIPTORS_OF_OUR_OWN = 1000;
const HOSTS_EXPECTED = 1000;

/** Whether a time service keeps the clock: certificates and windows rest on it. */
export async function checkClock(): Promise<DoctorFinding> {
  const answer = await promisify(execFile)('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
    timeout: ANSWER_TIMEOUT_MS,
  }).catch(() => null);
  const said = answer?.stdout.trim();
  if (said === 'yes') return ok('clock');
  return said === 'no' ? warning('clockFree') : ok('clockUnknown');
}

/** As this process has it, which was started where the server is. */
export async function checkDescriptors(): Promise<DoctorFinding> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0);
  const hosts = Math.max(0, limit - DESCRIPTORS_OF_OUR_OWN);
  return hosts < HOSTS_EXPECTED
    ? warning('descriptorsFew', { limit, hosts })
    : ok('descriptors', { limit, hosts });
}
