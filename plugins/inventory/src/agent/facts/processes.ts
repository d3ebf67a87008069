import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { MINUTE_MS } from '@pilothouse/base';
import { type ProcessGroup, processesFact } from '../../contract.ts';
import { commandLineOf, groupProcesses, parseProcStat, userIdOf } from '../../domain/group-processes.ts';
import { parsePasswd } from '../../domain/parse-accounts.ts';
import { unitOfCgroup } from '../../domain/unit-of-cgroup.ts';

/** Read four small files each: some seconds of work at most, however many processes there are. */
const PROCESSES_MAX = 20_000;
/** A younger process may be gone in a moment; with it each collection would differ from the one before. */
const AGE_MIN_SECONDS = 120;
/** Parent of the kernel's own threads, which have no command line. */
const KTHREADD_PID = 2;
const ARGUMENTS_BYTES_MAX = 16_384;

type Process = Omit<ProcessGroup, 'instancesMin'>;

/** What runs for longer than two minutes: command, user and unit, without ids, times and use of resources. */
export const processesCollector = defineCollector({
  fact: processesFact,
  timeoutMs: MINUTE_MS,
  async collect(host) {
    const pids = ((await host.list('/proc')) ?? []).filter((name) => /^\d+$/.test(name));
    if (pids.length === 0)
      return { kind: 'absent', reason: 'failed', detail: { en: 'list /proc', zh: '列出 /proc' } };
    const uptimeSeconds = Number.parseFloat((await host.readText('/proc/uptime')) ?? '') || 0;
    const users = await userNamesOf(host);
    const processes: Process[] = [];
    for (const pid of pids.slice(0, PROCESSES_MAX)) {
      const process = await readProcess(host, pid, { uptimeSeconds, users });
      if (process !== null) processes.push(process);
    }
    return {
      kind: 'present',
      body: { processes: groupProcesses(processes), isCut: pids.length > PROCESSES_MAX },
      unknownLines: 0,
    };
  },
});

/** Null for kernel threads, the dead and the young, and for what ended while it was read. */
async function readProcess(
  host: HostAccess,
  pid: string,
  about: { readonly uptimeSeconds: number; readonly users: ReadonlyMap<number, string> },
): Promise<Process | null> {
  const stat = parseProcStat((await host.readText(`/proc/${pid}/stat`)) ?? '');
  if (stat === null || Number(pid) === KTHREADD_PID || stat.parentPid === KTHREADD_PID) return null;
  const ageSeconds = about.uptimeSeconds - stat.startSeconds;
  // In a container whose uptime is its own, a process may seem older than the system: its age is unknown then.
  const isYoung = ageSeconds >= 0 && ageSeconds < AGE_MIN_SECONDS;
  if (isYoung || stat.state === 'Z' || stat.state === 'X') return null;

  const cmdline = await host.readText(`/proc/${pid}/cmdline`, ARGUMENTS_BYTES_MAX);
  const userId = userIdOf((await host.readText(`/proc/${pid}/status`)) ?? '');
  const cgroup = await host.readText(`/proc/${pid}/cgroup`);
  if (cmdline === null || userId === null) return null;
  return {
    name: stat.name,
    commandLine: commandLineOf(cmdline),
    user: about.users.get(userId) ?? String(userId),
    unit: cgroup === null ? null : unitOfCgroup(cgroup),
  };
}

async function userNamesOf(host: HostAccess): Promise<Map<number, string>> {
  const accounts = parsePasswd((await host.readText('/etc/passwd')) ?? '', null).value;
  // Of several names for one id the first in the file is the one that programs show.
  return new Map(accounts.toReversed().map((account) => [account.uid, account.name]));
}
