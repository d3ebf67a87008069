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

/** `systemctl list-units --all --plain --no-legend`: unit, load, active, sub, then a description. */
export function parseListUnits(text: string): Parsed<Omit<ServiceUnit, 'enabled'>[]> {
  const value: Omit<ServiceUnit, 'enabled'>[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    // Some releases mark failed and missing units with a dot even when asked for plain text.
    const [name, load, state, sub] = line.replace(/^[\s●○×↻*]+/u, '').split(/\s+/);
    if (name === undefined || name === '') continue;
    if (!UNIT_NAME.test(name) || load === undefined || state === undefined || sub === undefined)
      unknownLines += 1;
    else
      value.push({ name: clipWord(name), load: clipWord(load), state: clipWord(state), sub: clipWord(sub) });
  }
  return { value, unknownLines };
}

/** `systemctl list-unit-files --no-legend`: unit file and state; newer releases add the preset. */
export function parseListUnitFiles(text: string): Parsed<ReadonlyMap<string, string>> {
  const value = new Map<string, string>();
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    const [name, state] = line.trim().split(/\s+/);
    if (name === undefined || name === '') continue;
    if (!UNIT_NAME.test(name) || state === undefined) unknownLines += 1;
    else value.set(clipWord(name), clipWord(state));
  }
  return { value, unknownLines };
}

/** Loaded units with the state of their file, and the files that are not loaded. Templates and aliases are no units. */
export function mergeUnits(
  loaded: readonly Omit<ServiceUnit, 'enabled'>[],
  files: ReadonlyMap<string, string>,
): ServiceUnit[] {
  const units = new Map<string, ServiceUnit>();
  for (const [name, enabled] of files) {
    if (name.includes('@.') || enabled === 'alias') continue;
    units.set(name, { name, load: 'unloaded', state: 'inactive', sub: 'dead', enabled });
  }
  for (const unit of loaded) {
    const template = unit.name.replace(/@[^.]*(?:\..*)?(\.[a-z]+)$/, '@$1');
    units.set(unit.name, { ...unit, enabled: files.get(unit.name) ?? files.get(template) ?? null });
  }
  return sortedBy(
    [...units.values()].filter((unit) => !SHORT_LIVED.test(unit.name)),
    (unit) => unit.name,
  );
}
