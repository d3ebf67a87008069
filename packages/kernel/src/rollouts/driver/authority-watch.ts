import { SECOND_MS } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { EngineState } from '../engine/index.ts';
import type { DriverCore } from './driver-core.ts';
import { authorityFor } from './load-active.ts';

/** What could not be read, or not be handed on, is read again after this. */
const AGAIN_MS = 5 * SECOND_MS;

/** What people say of a plan counts until its rollout has begun. */
export const isAwaiting = ({ state }: Pick<EngineState, 'state'>): boolean =>
  state === 'awaiting-approval' || state === 'scheduled';

/**
 * Reads anew what people have said of a plan: rollouts of it start, or wait; signatures travel from now on. Null: of every
 * plan whose rollout has not begun.
 */
export function watchAuthority(core: DriverCore, planDigest: string | null): void {
  const { deps, loop, active } = core;
  const read = async (): Promise<void> => {
    for (const rollout of [...active.values()]) {
      const isMeant =
        planDigest === null
          ? isAwaiting(rollout.state)
          : rollout.planDigest === planDigest || rollout.plan.plan.header.rollbackOf === planDigest;
      if (!isMeant) continue;
      const signed = await authorityFor(deps.authority, rollout.planDigest, rollout.plan);
      const lacking = await deps.authority.missingFor(rollout.plan.plan);
      const isTaken = loop.add({
        apply(batch) {
          if (active.get(rollout.id) !== rollout) return;
          rollout.authority = signed;
          if (rollout.fixed.kind === 'run' && isAwaiting(rollout.state))
            batch.feed(rollout, { kind: 'authority', missing: lacking?.approvals ?? null });
        },
      });
      if (!isTaken) throw new AppError('ROLLOUTS_BUSY');
    }
  };
  const { log, clock } = core.context;
  const work = read().catch((error: unknown) => {
    if (core.isClosed) return;
    // Nobody says it again, and a rollout must not begin on an approval that was taken back.
    log.error('approvals not read; trying again', { planDigest, error });
    clock.after(AGAIN_MS, () => {
      if (!core.isClosed) watchAuthority(core, planDigest);
    });
  });
  core.background.track(work);
}
