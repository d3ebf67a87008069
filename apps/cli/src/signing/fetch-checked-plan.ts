import { type Client, collectAll, listAll } from '@pilothouse/client';
import {
  AppError,
  buildTree,
  Plan,
  type PlanHeader,
  planDigest,
  planRoutes,
  rootOf,
  Step,
} from '@pilothouse/contract';

const PAGE_SIZE = 1000;

export interface CheckedPlan {
  readonly digest: string;
  readonly header: PlanHeader;
  /** In order of host id. The name is the server's word; what is signed is the id. */
  readonly steps: readonly { readonly step: Step; readonly hostName: string }[];
}

/**
 * A plan as it will be signed: every step of it, with the Merkle root and the digest worked out here. What the server says
 * of it counts for nothing. AppError CLI_PLAN_MISMATCH, CLI_PLAN_PARTLY_SEEN.
 */
export async function fetchCheckedPlan(client: Client, digest: string): Promise<CheckedPlan> {
  const answer = await client.call(planRoutes.get, { params: { digest } });
  const { header } = Plan.parse(answer);
  if (planDigest(header) !== digest) throw mismatch(digest, 'its header has another digest');
  const rows = await collectAll(
    listAll(
      (cursor) =>
        client.call(planRoutes.steps, {
          params: { digest },
          query: { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) },
        }),
      header.stepsCount + 1,
    ),
  );
  if (rows.length < header.stepsCount)
    throw new AppError('CLI_PLAN_PARTLY_SEEN', { seen: rows.length, count: header.stepsCount });
  const steps = rows.map((row) => ({ step: Step.parse(row), hostName: row.hostName ?? row.hostId }));
  if (
    rows.length > header.stepsCount ||
    rootOf(buildTree(steps.map(({ step }) => step))) !== header.stepsRoot
  )
    throw mismatch(digest, 'its steps are not those that it names');
  return { digest, header, steps };
}

const mismatch = (digest: string, problem: string): AppError =>
  new AppError('CLI_PLAN_MISMATCH', { digest, problem });
