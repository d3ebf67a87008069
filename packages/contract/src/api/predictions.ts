import { z } from 'zod';
import { ActionName } from '../action.ts';
import { HostId } from '../host-id.ts';
import { PageQuery, pageOf } from '../page.ts';
import { ActionTrack } from '../plan-preview.ts';
import { RolloutId } from '../rollout.ts';
import { defineRoute } from '../route.ts';
import { JsonObject } from '../scalars.ts';
import { TaskState } from '../task.ts';

/** The list is cut; the count is whole. */
const Changes = z.object({ count: z.number().int(), changes: z.array(z.json()) }).nullable();

const Fault = z.object({ code: z.string(), details: JsonObject }).nullable();

/** What a dry run said of one host. `verdict` null: the plan has not been run since. Null changes: it did not say. */
export const PredictedHost = z.object({
  hostId: HostId,
  hostName: z.string(),
  /** Of the dry run, with why it failed. */
  state: TaskState,
  error: Fault.default(null),
  /** How the run ended on this host; null: it has not, or an older server does not say. */
  run: z.object({ state: TaskState, error: Fault }).nullable().default(null),
  actions: z.array(
    z.object({
      action: ActionName,
      verdict: z.enum(['matched', 'differs', 'not-comparable']).nullable(),
      predicted: Changes,
      actual: Changes,
    }),
  ),
});
export type PredictedHost = z.infer<typeof PredictedHost>;

export const predictionRoutes = {
  get: defineRoute({
    id: 'rollouts.prediction',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}/prediction',
    summary: {
      en: 'What the dry run predicted for each host, beside what the run did',
      zh: '试运行对各主机的预测，以及与实际执行的对比',
    },
    access: { kind: 'permission', permission: 'rollouts.read' },
    params: z.object({ rolloutId: RolloutId }),
    query: PageQuery,
    /** `dryRunId`: the newest dry run of the plan up to this rollout; null: there was none. */
    response: pageOf(PredictedHost).extend({
      dryRunId: RolloutId.nullable(),
      tracks: z.array(ActionTrack),
    }),
    errors: ['NOT_FOUND'],
    example: { params: { rolloutId: 'r_000000000000000000' }, query: { limit: '10' } },
  }),
};
