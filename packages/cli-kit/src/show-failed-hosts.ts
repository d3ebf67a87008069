import type { ErrorDetails, Explanation, FailedHost, FailedHosts, Message } from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';
import { causeOf, stateName } from './print-results.ts';
import { paint, plain } from './terminal.ts';

const WORDS = {
  failed: { en: 'It did not come out well on {count} {count:host|hosts}:', zh: '{count} 台主机结果不佳：' },
  notUndone: {
    en: 'Not undone on {count} {count:host|hosts}, which may still hold the change:',
    zh: '{count} 台主机未能撤销，可能仍保留更改：',
  },
  host: { en: '{host} (wave {wave}): {state}', zh: '{host}（第 {wave} 批）：{state}' },
  exit: { en: 'exit code {exitCode}', zh: '退出码 {exitCode}' },
  more: {
    en: 'and {count} more: pilothouse rollout tasks {id} --state {state}',
    zh: '另有 {count} 台：pilothouse rollout tasks {id} --state {state}',
  },
  again: {
    en: 'Mend these hosts, then undo again (harmless where it was done): pilothouse rollout rollback {id}',
    zh: '请修复这些主机，然后再次撤销（已撤销的主机不受影响）：pilothouse rollout rollback {id}',
  },
} satisfies Record<string, Message>;

/** The hosts on which a rollout, or its undoing, failed: how, and what they said of it. */
export function failureLines(context: CliContext, { rollout, failures, notUndone }: Explanation): string[] {
  const undoId = rollout.rolledBackBy ?? rollout.id;
  return [
    ...block(context, failures, { head: WORDS.failed, id: rollout.id }),
    ...block(context, notUndone, { head: WORDS.notUndone, id: undoId }),
    ...(notUndone === null || rollout.endedAt === null
      ? []
      : [`  ${context.say(WORDS.again, { id: rollout.id })}\n`]),
  ];
}

function block(
  context: CliContext,
  failed: FailedHosts,
  { head, id }: { readonly head: Message; readonly id: string },
): string[] {
  if (failed === null) return [];
  const rest = failed.hostsCount - failed.hosts.length;
  const title = context.say(head, { count: failed.hostsCount });
  return [
    `${paint(context.terminal, 'bold', title)}\n`,
    ...failed.hosts.map((host) => `  ${plain(hostText(context, host))}\n`),
    ...(rest > 0
      ? [`  ${context.say(WORDS.more, { count: rest, id, state: failed.hosts[0]?.state ?? 'failed' })}\n`]
      : []),
  ];
}

/** `web-1 (wave 1): failed, exit code 1: It ran longer than … (TASK_TIMED_OUT): cannot bind to port 80`. */
function hostText(context: CliContext, { hostName, wave, state, exitCode, error, line }: FailedHost): string {
  const { say } = context;
  const head = say(WORDS.host, { host: hostName, wave: wave + 1, state: stateName(context, state) });
  const exit = exitCode === null || exitCode === 0 ? '' : `, ${say(WORDS.exit, { exitCode })}`;
  return [head + exit, error === null ? null : errorText(context, error), line]
    .filter((part) => part !== null)
    .join(': ');
}

function errorText(context: CliContext, { code, details }: { code: string; details: ErrorDetails }): string {
  const cause = causeOf(details);
  const own = `${context.describe(code, details).title} (${code})`;
  return cause === null
    ? own
    : `${own}: ${context.describe(cause.code, cause.details).title} (${cause.code})`;
}
