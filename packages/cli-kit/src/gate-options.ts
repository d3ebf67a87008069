import { SECOND_MS } from '@pilothouse/base';
import { AppError, ComparedVital, type Gate, type Probe } from '@pilothouse/contract';

/** Often enough to see a service fall over within a soak of minutes. */
const PROBES_EVERY_MS = 10 * SECOND_MS;
/** One healthy rollout in a hundred is halted by chance. */
const FALSE_HALT_RATE = 0.01;

export interface GatesSaid {
  readonly soak: number | undefined;
  readonly check: readonly string[];
  readonly compare: readonly string[] | undefined;
  readonly confirm: boolean;
  readonly probes: readonly Probe[];
}

/**
 * The everyday gates, after each wave: probes that keep passing and conditions that keep holding for the soak, then a
 * comparison with untouched hosts, then a person. A soak with nothing to look at is a plain wait.
 */
export function gatesOf({ soak, check, compare, confirm, probes }: GatesSaid): Gate[] {
  const soakMs = soak ?? 0;
  const gates: Gate[] = [];
  const after = 'each' as const;
  if (soak !== undefined && probes.length > 0)
    gates.push({ kind: 'probes', name: 'probes', after, soakMs, everyMs: PROBES_EVERY_MS, failingMax: 0 });
  for (const [index, expression] of check.entries())
    gates.push({ kind: 'check', name: `check ${index + 1}`, after, expression, soakMs });
  if (compare !== undefined)
    gates.push({
      kind: 'compare',
      name: 'control',
      after,
      measures: compare.map((name) => ({ kind: 'vital', vital: vitalOf(name) })),
      falseHaltRate: FALSE_HALT_RATE,
      soakMs,
    });
  if (soak !== undefined && gates.length === 0)
    gates.push({ kind: 'wait', name: 'soak', after, waitMs: Math.max(SECOND_MS, soak) });
  if (confirm)
    gates.push({ kind: 'confirm', name: 'confirm', after, text: 'Does all look well? 一切正常吗？' });
  return gates;
}

function vitalOf(name: string): ComparedVital {
  const parsed = ComparedVital.safeParse(name);
  if (!parsed.success)
    throw new AppError('CLI_VALUE_INVALID', { value: name, expected: ComparedVital.options.join(' | ') });
  return parsed.data;
}
