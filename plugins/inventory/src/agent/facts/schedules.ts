import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { type ScheduledCommand, type ScheduledTimer, schedulesFact } from '../../contract.ts';
import { parseAnacrontab, parseCrontab, parseTimers, sortCommands } from '../../domain/parse-crontab.ts';
import type { Parsed } from '../../domain/parsed.ts';

/** Tables of users by distribution: Debian, RHEL and openEuler, SUSE, Alpine. */
const USER_TABLES = ['/var/spool/cron/crontabs', '/var/spool/cron', '/var/spool/cron/tabs', '/etc/crontabs'];
const PERIODS = ['hourly', 'daily', 'weekly', 'monthly'];
const FILES_MAX = 2000;

/** Work that the host does by the clock: cron, anacron and systemd timers. Says nothing of whether it ran. */
export const schedulesCollector = defineCollector({
  fact: schedulesFact,
  timeoutMs: 20 * SECOND_MS,
  sources: ['/etc/crontab', '/etc/cron.d', ...USER_TABLES],
  async collect(host) {
    const tables = [await readSystemTables(host), await readAnacron(host), await readPeriods(host)];
    const users = await readUserTables(host);
    const timers = await readTimers(host);
    const parsed = [...tables, users.table, timers];
    return {
      kind: 'present',
      body: {
        crons: sortCommands([...tables, users.table].flatMap((table) => table.value)),
        timers: timers.value,
        unreadable: users.unreadable,
      },
      unknownLines: parsed.reduce((sum, one) => sum + one.unknownLines, 0),
    };
  },
});

type Commands = Parsed<ScheduledCommand[]>;

const joined = (tables: readonly Commands[]): Commands => ({
  value: tables.flatMap((table) => table.value),
  unknownLines: tables.reduce((sum, table) => sum + table.unknownLines, 0),
});

async function readSystemTables(host: HostAccess): Promise<Commands> {
  const names = ((await host.list('/etc/cron.d')) ?? []).filter(
    (name) => !/^\.|~$|\.(?:rpm|dpkg-)/.test(name),
  );
  const tables: Commands[] = [];
  for (const file of ['/etc/crontab', ...names.map((name) => `/etc/cron.d/${name}`)].slice(0, FILES_MAX)) {
    const text = await host.readText(file);
    if (text !== null) tables.push(parseCrontab(text, { file, hasUser: true, user: null }));
  }
  return joined(tables);
}

async function readAnacron(host: HostAccess): Promise<Commands> {
  const text = await host.readText('/etc/anacrontab');
  return text === null ? joined([]) : parseAnacrontab(text, '/etc/anacrontab');
}

/** Scripts in /etc/cron.daily and its kin. */
async function readPeriods(host: HostAccess): Promise<Commands> {
  const value: ScheduledCommand[] = [];
  for (const period of PERIODS) {
    const directory = `/etc/cron.${period}`;
    for (const name of ((await host.list(directory)) ?? []).slice(0, FILES_MAX)) {
      if (name.startsWith('.') || name.includes('placeholder')) continue;
      value.push({ file: directory, schedule: `@${period}`, user: 'root', command: `${directory}/${name}` });
    }
  }
  return { value, unknownLines: 0 };
}

async function readUserTables(host: HostAccess): Promise<{ table: Commands; unreadable: string[] }> {
  const tables: Commands[] = [];
  const unreadable: string[] = [];
  for (const directory of USER_TABLES) {
    // On Alpine one of them is a link to another, which would list each entry twice.
    if ((await host.readLink(directory)) !== null) continue;
    const names = await host.list(directory);
    if (names === null && (await host.exists(directory))) unreadable.push(directory);
    for (const user of (names ?? []).slice(0, FILES_MAX)) {
      const file = `${directory}/${user}`;
      const text = await host.readText(file);
      if (text !== null) tables.push(parseCrontab(text, { file, hasUser: false, user }));
    }
  }
  return { table: joined(tables), unreadable };
}

async function readTimers(host: HostAccess): Promise<Parsed<ScheduledTimer[]>> {
  if (!(await host.exists('/run/systemd/system'))) return { value: [], unknownLines: 0 };
  const properties = 'Id,Unit,TimersCalendar,TimersMonotonic';
  const answer = await host.run('systemctl', ['show', '*.timer', '--no-pager', `--property=${properties}`]);
  return answer === null ? { value: [], unknownLines: 0 } : parseTimers(answer.stdout);
}
