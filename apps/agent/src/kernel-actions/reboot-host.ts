/**
 * The reboot that the kernel offers: takes work off the host, asks the system to go down, and lets the agent judge the
 * boot afterwards.
 *
 * Drains run in order, each within its own time. The first that fails stops the reboot before anything went down; what
 * was drained before it stays so, because nobody knows how to give it back, and the outcome says it.
 */
import {
  type ActionContext,
  type ActionEnd,
  type AgentAction,
  type Drain,
  defineAgentAction,
  onlyRoot,
  type ProcessEnd,
} from '@pilothouse/agent-kit';
import { rebootAction } from '@pilothouse/contract';
import { z } from 'zod';

/** `local`: the host's own, after those of the plugins. */
export const createRebootHost = (
  ofPlugins: readonly Drain[],
  local: () => Promise<readonly Drain[]> = async () => [],
): AgentAction<typeof rebootAction.parameters> =>
  defineAgentAction({
    spec: rebootAction,
    available: onlyRoot(rebootAction),
    async dryRun({ returnWithinMs }, context) {
      const drains = [...ofPlugins, ...(await local())];
      for (const { name, timeoutMs } of drains)
        context.print('stdout', `drain: ${name} (${timeoutMs / 1000} s at most)\n`);
      context.print('stdout', `reboot: back within ${returnWithinMs / 1000} s\n`);
      return { kind: 'succeeded', result: { changed: true, changes: changesOf(namesOf(drains)) } };
    },
    async run({ reason, returnWithinMs }, context) {
      const drains = [...ofPlugins, ...(await local())];
      const failure = await drainAll(drains, context);
      if (failure !== null) return failure;
      await context.expectReboot({ withinMs: returnWithinMs, state: { drained: namesOf(drains) } });
      return askForReboot(reason, context);
    },
    async afterBoot(_parameters, { state, bootIdBefore, bootIdNow }, context) {
      context.print('stdout', `boot ${bootIdBefore} → ${bootIdNow}\n`);
      // An agent of before the boot may have been an older one, which noted nothing.
      const drained = Drained.safeParse(state['drained']);
      const names = drained.success ? drained.data : namesOf(ofPlugins);
      return { kind: 'succeeded', result: { changed: true, changes: changesOf(names) } };
    },
  });

const Drained = z.array(z.string());
const namesOf = (drains: readonly Drain[]): string[] => drains.map(({ name }) => name);
const changesOf = (names: readonly string[]): string[] => [...names.map((name) => `drain ${name}`), 'reboot'];

async function drainAll(drains: readonly Drain[], context: ActionContext): Promise<ActionEnd | null> {
  for (const each of drains) {
    const { name, timeoutMs } = each;
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
    const aborted = new Promise<ActionEnd>((resolve) => {
      const late = {
        code: 'REBOOT_DRAIN_FAILED',
        details: { drain: name, reason: { en: 'its time was over', zh: '已超时' } },
      };
      signal.addEventListener('abort', () => resolve({ kind: 'failed', error: late }), { once: true });
    });
    const end = await Promise.race([each.drain({ ...context, signal }), aborted]);
    if (context.signal.aborted) return { kind: 'cancelled', error: { code: 'TASK_CANCELLED', details: {} } };
    if (end.kind === 'succeeded') {
      context.print('stdout', `drained: ${name}\n`);
      continue;
    }
    if (end.error.code === 'REBOOT_DRAIN_FAILED') return end;
    const details = { drain: name, reason: end.error.code };
    return { kind: 'failed', error: { code: 'REBOOT_DRAIN_FAILED', details } };
  }
  return null;
}

/** systemd's own way first; older ones know no message, and some hosts have no systemctl. */
async function askForReboot(reason: string, context: ActionContext): Promise<ActionEnd> {
  const ways = [
    { program: 'systemctl', args: ['reboot', `--message=${reason}`] },
    { program: 'systemctl', args: ['reboot'] },
    { program: 'reboot', args: [] },
  ];
  let why = '';
  for (const way of ways) {
    const end = await context.run(way);
    // What a signal ended went down with the system that it asked to go down.
    if (end.exitCode === 0 || (end.signal !== null && end.ended === 'by-itself'))
      return { kind: 'succeeded' };
    why = whyOf(end);
  }
  return { kind: 'failed', error: { code: 'REBOOT_NOT_ACCEPTED', details: { reason: why } } };
}

const whyOf = ({ startError, exitCode, ended }: ProcessEnd): string =>
  startError ?? (exitCode === null ? ended : `exit code ${exitCode}`);
