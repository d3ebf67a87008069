import { z } from 'zod';

/** What `systemctl show` says of one unit, as far as the verbs need it. */
export interface UnitState {
  readonly load: string;
  readonly active: string;
  readonly sub: string;
  readonly enabled: string;
  readonly result: string;
  readonly canReload: boolean;
  /** Where its file, or the link to it, lies; empty for a unit without one. */
  readonly fragment: string;
}

export const UNIT_PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'Result',
  'CanReload',
  'FragmentPath',
];

/** Reads `Name=value` lines; what is missing is empty, as systemd prints it for units without a file. */
export function parseUnitState(text: string): UnitState {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  const of = (name: string): string => values.get(name) ?? '';
  return {
    load: of('LoadState'),
    active: of('ActiveState'),
    sub: of('SubState'),
    enabled: of('UnitFileState'),
    result: of('Result'),
    canReload: of('CanReload') === 'yes',
    fragment: of('FragmentPath'),
  };
}

export const isRunning = (state: UnitState): boolean =>
  state.active === 'active' || state.active === 'reloading' || state.active === 'activating';
/** systemd counts the wait before it starts a unit again as activating; by then the unit has failed. */
export const hasFailed = (state: UnitState): boolean =>
  state.active === 'failed' || (state.active === 'activating' && state.sub.startsWith('auto-restart'));
/** `enabled-runtime` lasts until the next boot. */
export const isEnabled = (state: UnitState): boolean => state.enabled.startsWith('enabled');

/** What a rollback restores from. */
export const UnitRecord = z.object({
  unit: z.string(),
  wasRunning: z.boolean(),
  wasEnabled: z.boolean(),
  /** What the verb changed, and so what a rollback may touch. Absent in records of older agents: then both. */
  changed: z.array(z.enum(['running', 'enabled'])).optional(),
  /** In systemd's own words. Absent in records of older agents. */
  enabledBefore: z.string().optional(),
  /** The file of a unit that lies where systemd does not look for it. Absent: it lies in its place. */
  linkedTo: z.string().optional(),
});
export type UnitRecord = z.infer<typeof UnitRecord>;
