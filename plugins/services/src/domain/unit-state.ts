import { z } from 'zod';

/** What `systemctl show` says of one unit, as far as the verbs need it. */
export interface UnitState {
  readonly load: string;
  readonly active: string;
  readonly sub: string;
  readonly enabled: string;
  readonly result: string;
  readonly canReload: boolean;
}

export const UNIT_PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'Result',
  'CanReload',
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
});
export type UnitRecord = z.infer<typeof UnitRecord>;
