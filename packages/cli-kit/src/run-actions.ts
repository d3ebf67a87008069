/** From a wish to its end in one step: what verbs that change hosts have in common. */
import { HOUR_MS } from '@pilothouse/base';
import { type EffectClass, type JsonObject, planRoutes, toTimestamp } from '@pilothouse/contract';
import { carryOutPlan } from './carry-out-plan.ts';
import type { CliContext } from './cli-context.ts';
import type { Values } from './command-spec.ts';
import { yesOption } from './confirm.ts';
import type { ExitCode } from './exit-codes.ts';
import { flag, text } from './options.ts';
import { resolveHostId } from './resolve-host.ts';
import { strategyOf, strategyOptions } from './strategy-options.ts';
import { targetOf, targetOptions } from './target-options.ts';

/** Somebody who waits at a terminal does not mean hosts that come back tomorrow. */
const EXPIRES_MS = HOUR_MS;
const TITLE_CHARS_MAX = 200;

export const runActionsOptions = {
  ...targetOptions,
  ...strategyOptions,
  dryRun: flag({
    about: {
      en: 'Say what would change on each host; change nothing',
      zh: '仅说明各主机将发生的更改，不实际执行',
    },
  }),
  detach: flag({ about: { en: 'Start it and do not wait', zh: '启动后不等待' } }),
  yes: yesOption,
  title: text({ placeholder: 'TEXT', about: { en: 'What the rollout is called', zh: '发布的标题' } }),
};

export interface ActionsToRun {
  /** Taken where `--title` says nothing. */
  readonly title: string;
  readonly actions: readonly { readonly action: string; readonly parameters: JsonObject }[];
  /** The strongest of the actions, for the question that is asked. */
  readonly effect: EffectClass;
  /** As the kernel takes an ad-hoc command: everywhere, whatever fails on the way, unless somebody says a limit. */
  readonly goesOnAfterFailures?: boolean;
}

/** Makes a plan of the actions for the hosts that the options name, asks where it is dangerous, starts and follows it. */
export async function runActions(
  context: CliContext,
  options: Values<typeof runActionsOptions>,
  wish: ActionsToRun,
): Promise<ExitCode> {
  const client = await context.connect();
  // Whoever only looks wants to see every host, also those where it could not be done.
  const goesOn = options.dryRun || wish.goesOnAfterFailures === true;
  const made = await client.call(planRoutes.create, {
    body: {
      title: (options.title ?? wish.title).slice(0, TITLE_CHARS_MAX),
      target: await targetOf(options, (name) => resolveHostId(client, name)),
      expiresAt: toTimestamp(context.clock.now() + EXPIRES_MS),
      strategy: {
        // A limit that is said as a share stands for itself: it cannot be beside none.
        ...(goesOn && options.maxFailures === undefined ? { failuresMax: null } : {}),
        offline: 'skip',
        ...strategyOf(options),
      },
      ...(options.dryRun ? { isDryRunOnly: true } : {}),
      actions: wish.actions.map(({ action, parameters }) => ({ action, parameters })),
    },
  });
  return carryOutPlan(context, client, {
    plan: made.plan,
    undeterminedCount: made.undeterminedCount,
    lacking: made.lacking.map((host) => host.hostName),
    effect: wish.effect,
    kind: options.dryRun ? 'dry-run' : 'run',
    isYes: options.yes,
    isDetached: options.detach,
  });
}
