import type { Gate, GateVerdict, JsonObject } from '@pilothouse/contract';
import { type FetchDeps, fetchValue } from './fetch-values.ts';
import {
  type CompiledCondition,
  type FetchedValue,
  fetchKey,
  type GateValues,
  type OutcomeCounts,
} from './gate-environment.ts';
import type { GateView } from './service.ts';

type CheckGate = Extract<Gate, { kind: 'check' }>;

/** Fetches what the condition asks for, then decides it. One thing that cannot be fetched leaves all undetermined. */
export async function judgeCheck(
  deps: FetchDeps,
  of: { readonly gate: CheckGate; readonly condition: CompiledCondition },
  view: GateView,
): Promise<GateVerdict> {
  const { gate, condition } = of;
  const evidence: JsonObject = {};
  const fetched = new Map<string, FetchedValue>();
  for (const fetch of condition.fetches) {
    const answer = await fetchValue(deps, fetch, view);
    if (answer.kind === 'none')
      return {
        kind: 'undetermined',
        reason: { code: answer.code, details: answer.details },
        evidence,
      };
    fetched.set(fetchKey(fetch), answer.value);
    evidence[`${fetch.function}("${fetch.argument}")`] = answer.saw;
  }
  const tasks = countOutcomes(view, () => true);
  const wave = { ...countOutcomes(view, (task) => task.wave === view.wave), number: view.wave + 1 };
  Object.assign(evidence, { tasks: { ...tasks }, wave: { ...wave } });
  return decide(gate, condition, { values: { tasks, wave, fetched }, evidence });
}

function decide(
  gate: CheckGate,
  condition: CompiledCondition,
  of: { readonly values: GateValues; readonly evidence: JsonObject },
): GateVerdict {
  const { evidence } = of;
  try {
    if (condition.evaluate(of.values)) return { kind: 'holds', reason: null, evidence };
    const reason = { code: 'GATE_FALSE', details: { expression: gate.expression } };
    return { kind: 'fails', reason, evidence };
  } catch (cause) {
    const words = (cause instanceof Error ? cause.message : '').split('\n')[0] ?? '';
    const problem = { en: `it fails ("${words}")`, zh: `计算失败（“${words}”）` };
    return {
      kind: 'undetermined',
      reason: { code: 'GATE_CANNOT_EVALUATE', details: { problem } },
      evidence,
    };
  }
}

function countOutcomes(
  view: GateView,
  isMeant: (task: GateView['touched'][number]) => boolean,
): OutcomeCounts {
  const counts = { succeeded: 0, failed: 0, unknown: 0, skipped: 0 };
  for (const task of view.touched) {
    if (!isMeant(task)) continue;
    if (task.state === 'succeeded') counts.succeeded += 1;
    else if (task.state === 'failed') counts.failed += 1;
    else if (task.state === 'unknown') counts.unknown += 1;
    else counts.skipped += 1;
  }
  return counts;
}
