import { type ActionContext, type ActionEnd, createHostAccess, type HostAccess } from '@pilothouse/agent-kit';
import { parseUnitState, UNIT_PROPERTIES, type UnitState } from '../domain/unit-state.ts';

/** Log lines of a unit that failed, for whoever reads the task's output. */
const LOG_LINES = 20;

export const hostOf = (context: ActionContext): HostAccess =>
  createHostAccess({ isRoot: context.isRoot, signal: context.signal });

/** Null: this host runs without systemd. */
export async function readUnit(host: HostAccess, unit: string): Promise<UnitState | null> {
  const shown = await host.run('systemctl', ['show', `--property=${UNIT_PROPERTIES.join(',')}`, '--', unit]);
  return shown === null || shown.exitCode !== 0 ? null : parseUnitState(shown.stdout);
}

export const failed = (code: string, details: Readonly<Record<string, unknown>> = {}): ActionEnd => ({
  kind: 'failed',
  error: { code, details },
});

/** One verb for a unit, or for the path of its file. `isRuntime`: as it is until the next boot only. */
export interface SystemctlCall {
  readonly verb: string;
  readonly unit: string;
  readonly isRuntime?: boolean;
}

/** Runs one verb of systemctl into the task's output. Null: it went well. */
export async function runSystemctl(
  context: ActionContext,
  { verb, unit, isRuntime = false }: SystemctlCall,
): Promise<ActionEnd | null> {
  const args = [verb, ...(isRuntime ? ['--runtime'] : []), '--', unit];
  const end = await context.run({ program: 'systemctl', args });
  switch (end.ended) {
    case 'by-itself':
      if (end.exitCode === 0) return null;
      return {
        kind: 'failed',
        exitCode: end.exitCode,
        signal: end.signal,
        error: { code: 'SERVICES_SYSTEMCTL', details: { verb, unit, exitCode: end.exitCode ?? -1 } },
      };
    case 'not-started':
      return failed('SERVICES_NO_SYSTEMD');
    case 'timed-out':
      return { kind: 'timed-out', error: { code: 'TASK_TIMED_OUT', details: {} } };
    case 'cancelled':
      return { kind: 'cancelled', error: { code: 'TASK_STOPPED', details: {} } };
  }
}

/** What the unit said last, into the task's output. */
export async function printLog(context: ActionContext, unit: string): Promise<void> {
  await context.run({
    program: 'journalctl',
    args: ['--no-pager', '--lines', String(LOG_LINES), '--output', 'short-iso', '--unit', unit],
  });
}
