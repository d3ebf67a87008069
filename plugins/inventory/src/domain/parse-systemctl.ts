import type { ServiceUnit } from '../contract.ts';
import { sortedBy } from './canonical-order.ts';
import { clipWord, linesOf, type Parsed } from './parsed.ts';

const UNIT_NAME = /^[^\s/]+\.(?:service|timer|socket)$/;

/**
 * Units that live as long as a login, a connection or one run: each exists on one host for a while, so they would make
 * equal hosts differ and every fact a new one.
 */
const SHORT_LIVED =
  /^(?:run-[\w-]+|pilothouse-task-.*|session-.*|user@\d+|user-runtime-dir@\d+|dbus-:.*|(?:ssh|sshd)@.*|systemd-fsck@.*|systemd-coredump@.*|lvm2-pvscan@.*|[\w-]+@\d+-[\d.:]+-.*)\.(?:service|timer|socket)$/;

/** Asked of systemd; it names each in a line of its own, in blocks a unit. */
export const UNIT_PROPERTIES = ['Id', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState'];

/** `systemctl show --all --property=UNIT_PROPERTIES '*.service' …`: the units that systemd has loaded. */
export function parseShowUnits(text: string): Parsed<ServiceUnit[]> {
  const value: ServiceUnit[] = [];
  let unknownLines = 0;
  for (const block of linesOf(text)
    .join('\n')
    .split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    for (const line of linesOf(block)) {
      const equals = line.indexOf('=');
      const key = line.slice(0, Math.max(0, equals));
      if (UNIT_PROPERTIES.includes(key)) fields.set(key, line.slice(equals + 1).trim());
      else if (line.trim() !== '') unknownLines += 1;
    }
    const name = fields.get('Id');
    if (fields.size === 0) continue;
    if (name === undefined || !UNIT_NAME.test(name)) unknownLines += 1;
    else {
      value.push({
        name: clipWord(name),
        load: clipWord(fields.get('LoadState') ?? ''),
        state: clipWord(fields.get('ActiveState') ?? ''),
        sub: clipWord(fields.get('SubState') ?? ''),
        enabled: clipWord(fields.get('UnitFileState') ?? '') || null,
      });
    }
  }
  return { value, unknownLines };
}

/** Whether a name in a directory of unit files is a unit: templates (`getty@.service`) only become units by an instance. */
export const isUnitFile = (name: string): boolean => UNIT_NAME.test(name) && !name.includes('@.');

/**
 * The state that `systemctl list-unit-files` would print for a file that systemd has not loaded; null for another name of
 * a unit. What is enabled is loaded, so the files left are masked, disabled or without anything to enable.
 */
export function unitFileState(file: {
  readonly name: string;
  readonly link: string | null;
  readonly text: string;
}): string | null {
  if (file.link === '/dev/null') return 'masked';
  if (file.link !== null && file.link.split('/').at(-1) !== file.name) return null;
  return /^\[Install\]/m.test(file.text) ? 'disabled' : 'static';
}

/** Loaded units and the files beside them, without short-lived ones, sorted. */
export function mergeUnits(
  loaded: readonly ServiceUnit[],
  fileStates: ReadonlyMap<string, string>,
): ServiceUnit[] {
  const units = new Map<string, ServiceUnit>();
  for (const [name, enabled] of fileStates) {
    units.set(name, { name: clipWord(name), load: 'unloaded', state: 'inactive', sub: 'dead', enabled });
  }
  for (const unit of loaded) units.set(unit.name, unit);
  return sortedBy(
    [...units.values()].filter((unit) => !SHORT_LIVED.test(unit.name)),
    (unit) => unit.name,
  );
}
