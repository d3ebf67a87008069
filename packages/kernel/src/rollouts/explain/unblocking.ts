import type { JsonObject, Unblocking } from '@pilothouse/contract';

type Row = Omit<Unblocking, 'command'> & { readonly command?: (details: JsonObject) => string };

const byPerson = (permission: string, command: (details: JsonObject) => string): Row => ({
  by: 'person',
  permission,
  command,
});
const byItself = (by: Exclude<Unblocking['by'], 'person'>): Row => ({ by, permission: null });
const said = (value: unknown): string => (typeof value === 'string' ? value : '…');
const id = ({ id: rolloutId }: JsonObject): string => said(rolloutId);

/** Who can end each kind of wait. Where time or hosts end it, a person may often end it sooner: by the command. */
const ROWS: Readonly<Record<string, Row>> = {
  WAITS_FOR_APPROVAL: byPerson('rollouts.approve', ({ plan }) => `pilothouse approve ${said(plan)}`),
  WAITS_FOR_RESUME: byPerson('rollouts.control', (details) => `pilothouse rollout resume ${id(details)}`),
  WAITS_FOR_CONFIRMATION: byPerson(
    'rollouts.control',
    (details) => `pilothouse rollout confirm ${id(details)} --gate "${said(details['gate'])}"`,
  ),
  WAITS_FOR_STOP_CLEARED: byPerson('rollouts.stop', () => 'pilothouse stop clear'),
  WAITS_FOR_TIME: byItself('time'),
  WAITS_FOR_SETTLING: byItself('time'),
  WAITS_FOR_SOAK: byItself('time'),
  WAITS_FOR_PAUSE_BETWEEN_WAVES: byItself('time'),
  WAITS_FOR_WINDOW: { by: 'time', permission: 'calendar.write', command: () => 'pilothouse window' },
  WAITS_FOR_LONGER_WINDOW: {
    by: 'time',
    permission: 'calendar.write',
    command: () => 'pilothouse window',
  },
  WAITS_FOR_BUDGET: { by: 'rollout', permission: 'budgets.write', command: () => 'pilothouse budget' },
  WAITS_FOR_GATE: {
    by: 'server',
    permission: 'rollouts.control',
    command: (details) => `pilothouse rollout explain ${id(details)}`,
  },
  WAITS_FOR_HOST_LOCK: byItself('rollout'),
  WAITS_FOR_ROLLBACK: {
    ...byItself('rollout'),
    command: ({ rolloutId }) => `pilothouse rollout watch ${said(rolloutId)}`,
  },
  WAITS_FOR_LABEL_LIMIT: byItself('rollout'),
  WAITS_FOR_WAVE: byItself('rollout'),
  WAITS_FOR_IN_FLIGHT: byItself('host'),
  WAITS_FOR_FAILURE_THROTTLE: byItself('host'),
  WAITS_FOR_RUNNING: byItself('host'),
  WAITS_FOR_OUTCOME: byItself('host'),
  WAITS_FOR_WITHDRAWAL: byItself('host'),
  WAITS_FOR_HOSTS: byItself('host'),
};

/** `details`: of the wait, and with them the `id` of the rollout and the digest of its `plan`. */
export function unblockingOf(code: string, details: JsonObject): Unblocking {
  const row = ROWS[code] ?? byItself('server');
  return { by: row.by, permission: row.permission, command: row.command?.(details) ?? null };
}
