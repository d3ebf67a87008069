import type { Client } from '@pilothouse/client';
import { isAppError, type Rollout, rolloutRoutes } from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';
import type { Progress } from './progress.ts';
import { isQuiet, showHeld, showNews } from './show-stages.ts';

export interface StageTeller {
  rollout(rollout: Rollout): void;
  /** Resolves when the last thing to say has been said. */
  finish(): Promise<void>;
}

/**
 * Says on stderr where a rollout in waves stands, each time it comes to another wave, state or wait: the whole picture is
 * asked of the server, one question at a time, and the news that come meanwhile are told by the next answer.
 */
export function createStageTeller(context: CliContext, client: Client, progress: Progress): StageTeller {
  let told = '';
  let shown = '';
  let newest: Rollout | null = null;
  let asking: Promise<void> | null = null;
  const tell = async (): Promise<void> => {
    while (newest !== null && keyOf(newest) !== told && !context.signal.aborted) {
      told = keyOf(newest);
      const params = { rolloutId: newest.id };
      const answer = await client.call(rolloutRoutes.explain, { params }).catch((error: unknown) => {
        // An older server explains in other words, and a lost line is told by the watch itself.
        if (isAppError(error)) return null;
        throw error;
      });
      if (answer === null || answer.waves.length === 0) continue;
      const news = isStaged(newest ?? answer.rollout) ? showNews(context, answer) : showHeld(context, answer);
      // Two changes in quick succession are one picture by the time it is asked for.
      if (news === shown || news === '') continue;
      shown = news;
      progress.clear();
      context.terminal.writeError(news);
    }
  };
  return {
    rollout(rollout) {
      newest = rollout;
      if (context.isJson || asking !== null || !(isStaged(rollout) || isHeld(rollout))) return;
      asking = tell().finally(() => {
        asking = null;
      });
    },
    async finish() {
      await asking;
    },
  };
}

const isStaged = ({ wavesCount, strategy }: Rollout): boolean =>
  (wavesCount > 1 && strategy.waves.kind !== 'fixed') || strategy.gates !== undefined;

/** Of what waits for others it is said who they are. */
const isHeld = ({ waitingFor }: Rollout): boolean => waitingFor !== null && !isQuiet(waitingFor.code);

const keyOf = ({ state, wave, waitingFor }: Rollout): string => {
  const wait = waitingFor === null || isQuiet(waitingFor.code) ? '' : waitingFor.code;
  return `${state} ${wave} ${wait}`;
};
