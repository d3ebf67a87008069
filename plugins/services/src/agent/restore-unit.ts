import type { ActionContext, ActionEnd } from '@pilothouse/agent-kit';
import type { JsonObject } from '@pilothouse/contract';
import { isEnabled, isRunning, UnitRecord, type UnitState } from '../domain/unit-state.ts';
import { failed, hostOf, readUnit, runSystemctl, type SystemctlCall } from './systemctl.ts';

/**
 * Brings back what a verb changed of a unit, and no more: whether it runs is somebody else's affair when the verb only
 * enabled it. What is so already is left alone, so a second time changes nothing.
 */
export async function restoreUnit(
  stored: JsonObject,
  context: ActionContext,
  host = hostOf(context),
): Promise<ActionEnd> {
  const parsed = UnitRecord.safeParse(stored);
  if (!parsed.success)
    return failed('UNDO_RECORD_MISSING', { reason: { en: 'the record is damaged', zh: '记录已损坏' } });
  const record = parsed.data;
  const { unit, wasRunning, linkedTo, changed = ['running', 'enabled'] } = record;
  const now = await readUnit(host, unit);
  if (now === null) return failed('SERVICES_NO_SYSTEMD');
  // A unit whose link `disable` took away is not found; its file still is.
  if (now.load === 'not-found' && linkedTo === undefined) return failed('SERVICES_UNIT_MISSING', { unit });
  const calls = changed.includes('enabled') ? enablingCalls(record, now) : [];
  if (changed.includes('running') && isRunning(now) !== wasRunning)
    calls.push({ verb: wasRunning ? 'start' : 'stop', unit });
  for (const call of calls) {
    const trouble = await runSystemctl(context, call);
    if (trouble !== null) return trouble;
  }
  return {
    kind: 'succeeded',
    result: { changed: calls.length > 0, changes: calls.map(({ verb }) => ({ unit, verb })) },
  };
}

/** What leads from the state of now to the one of before, in whichever of systemd's words that was. */
function enablingCalls(
  { unit, wasEnabled, enabledBefore, linkedTo }: UnitRecord,
  now: UnitState,
): SystemctlCall[] {
  const before = enabledBefore ?? (wasEnabled ? 'enabled' : 'disabled');
  const isSame = enabledBefore === undefined ? isEnabled(now) === wasEnabled : now.enabled === before;
  if (isSame) return [];
  if (before === 'enabled') return [{ verb: 'enable', unit: linkedTo ?? unit }];
  // What lasts until the next boot is beside what lasts for good, and neither verb touches the other.
  if (before === 'enabled-runtime' && !isEnabled(now)) return [{ verb: 'enable', unit, isRuntime: true }];
  if (!isEnabled(now)) return [];
  const disable = { verb: 'disable', unit };
  return before === 'linked' && linkedTo !== undefined
    ? [disable, { verb: 'link', unit: linkedTo }]
    : [disable];
}
