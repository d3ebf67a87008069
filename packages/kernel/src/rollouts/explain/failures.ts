import type { FailedHost, FailedHosts, OutputBody, TaskState } from '@pilothouse/contract';
import { waveAt } from '../driver/plan-waves.ts';
import { isTaskEnd } from '../engine/index.ts';
import { type EndedTask, readOutput, readTaskStates, readTasksAt } from '../result-store.ts';
import type { Sight } from '../results.ts';
import type { ExplainDeps } from './explain-rollout.ts';

/** Hosts that are named; the rest are counted. */
const HOSTS_MAX = 20;
const FAILURES: ReadonlySet<TaskState> = new Set(['failed', 'unknown']);
/** Of the one line of its output that is shown. */
const LINE_CHARS_MAX = 200;

/** What a rollout halted for, host by host: those that failed or of which nobody knows, or canaries that tried nothing. */
export const failuresOf = (deps: ExplainDeps, sight: Sight): Promise<FailedHosts> => {
  const isUntried = sight.record.head.cause.code === 'ROLLOUT_CANARY_UNTRIED';
  return hostsThat(deps, sight, (state) => FAILURES.has(state) || (isUntried && state === 'skipped'));
};

/** Of the rollout that undoes another: hosts that it did not restore. Null sight: the reader sees none of it. */
export const notUndoneOf = async (deps: ExplainDeps, sight: Sight | null): Promise<FailedHosts> =>
  sight === null ? null : hostsThat(deps, sight, (state) => isTaskEnd(state) && state !== 'succeeded');

async function hostsThat(
  { context }: ExplainDeps,
  sight: Sight,
  isMeant: (state: TaskState) => boolean,
): Promise<FailedHosts> {
  const { record, plan, isInScope } = sight;
  const indexes = [...(await readTaskStates(context.store, record.id))]
    .filter(([index, state]) => isMeant(state) && isInScope(plan.hosts[index]?.id ?? ''))
    .map(([index]) => index);
  if (indexes.length === 0) return null;
  const rows = await readTasksAt(context.store, record.id, indexes.slice(0, HOSTS_MAX));
  const hosts: FailedHost[] = [];
  for (const row of [...rows.values()].sort((a, b) => a.index - b.index)) {
    const digest = row.body.outcome?.output?.digest;
    const body = digest === undefined ? null : await readOutput(context.store, digest);
    hosts.push(viewOf(sight, row, body));
  }
  return { hostsCount: indexes.length, hosts };
}

function viewOf(
  { plan }: Sight,
  { index, hostId, state, body }: EndedTask,
  output: OutputBody | null,
): FailedHost {
  return {
    hostId,
    hostName: plan.hosts[index]?.name ?? hostId,
    wave: waveAt(plan, index),
    state,
    exitCode: body.outcome?.exitCode ?? null,
    error: body.outcome?.error ?? body.cause,
    line: output === null ? null : (firstLine(output.stderr) ?? firstLine(output.stdout)),
  };
}

function firstLine(text: string): string | null {
  for (const line of text.slice(0, 4096).split('\n'))
    if (line.trim() !== '') return line.trim().slice(0, LINE_CHARS_MAX);
  return null;
}
