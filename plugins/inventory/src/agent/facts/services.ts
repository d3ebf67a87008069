import { type Collected, defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { type ServicesBody, servicesFact } from '../../contract.ts';
import {
  isUnitFile,
  mergeUnits,
  parseShowUnits,
  UNIT_PROPERTIES,
  unitFileState,
} from '../../domain/parse-systemctl.ts';

/** Where unit files lie, the one that wins first: systemd.unit(5). */
const UNIT_DIRECTORIES = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];
/** Where a unit's start leaves a link, and where the group of one that ends goes away; as the host has cgroups v2 or v1. */
const UNIT_TRACES = [
  '/run/systemd/units',
  '/etc/systemd/system/multi-user.target.wants',
  '/sys/fs/cgroup/system.slice',
  '/sys/fs/cgroup/systemd/system.slice',
];
/** Read one by one when they are not loaded; large servers have some hundreds. */
const UNIT_FILES_MAX = 5000;
const UNIT_FILE_BYTES_MAX = 65_536;

/**
 * systemd's services, timers and sockets with their states. The states of unit files that are not loaded are read from
 * the files: `systemctl list-unit-files` would cost systemd 460 ms of CPU for 190 files, ten times the rest together.
 * Other init systems are not supported.
 */
export const servicesCollector = defineCollector({
  fact: servicesFact,
  timeoutMs: 20 * SECOND_MS,
  sources: [...UNIT_DIRECTORIES, ...UNIT_TRACES],
  async collect(host): Promise<Collected<ServicesBody>> {
    if (!(await host.exists('/run/systemd/system'))) {
      return {
        kind: 'absent',
        reason: 'not-supported',
        detail: {
          en: 'look for systemd: this host runs without it',
          zh: '查找 systemd：本机未使用',
        },
      };
    }
    const properties = `--property=${UNIT_PROPERTIES.join(',')}`;
    const patterns = ['*.service', '*.timer', '*.socket'];
    const answer = await host.run('systemctl', ['show', '--all', '--no-pager', properties, ...patterns]);
    if (answer === null)
      return {
        kind: 'absent',
        reason: 'tool-missing',
        detail: { en: 'run systemctl show', zh: '运行 systemctl show' },
      };
    if (answer.exitCode !== 0 || answer.isCut) {
      const said = answer.stderr.slice(0, 200).trim();
      return {
        kind: 'absent',
        reason: 'failed',
        detail: { en: `run systemctl show: ${said}`, zh: `运行 systemctl show：${said}` },
      };
    }
    const loaded = parseShowUnits(answer.stdout);
    const fileStates = await statesOfUnloaded(host, new Set(loaded.value.map((unit) => unit.name)));
    return {
      kind: 'present',
      body: { manager: 'systemd', units: mergeUnits(loaded.value, fileStates) },
      unknownLines: loaded.unknownLines,
    };
  },
});

async function statesOfUnloaded(host: HostAccess, loaded: ReadonlySet<string>): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  const seen = new Set(loaded);
  for (const directory of UNIT_DIRECTORIES) {
    for (const name of (await host.list(directory)) ?? []) {
      if (!isUnitFile(name) || seen.has(name) || seen.size > UNIT_FILES_MAX) continue;
      seen.add(name);
      const path = `${directory}/${name}`;
      const link = await host.readLink(path);
      const text = link === '/dev/null' ? '' : await host.readText(path, UNIT_FILE_BYTES_MAX);
      const state = text === null ? null : unitFileState({ name, link, text });
      if (state !== null) states.set(name, state);
    }
  }
  return states;
}
