import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';

/** The tables of this room; only its `*store.ts` files speak SQL to them. */
export interface RolloutsTables {
  rollouts_rollout: {
    id: string;
    plan_digest: string;
    run_key: string;
    fixed: string;
    state: string;
    head: string;
    revision: number;
    ended_at: number | null;
  };
  rollouts_change: { rollout_id: string; sequence: number; body: string };
  rollouts_task: {
    rollout_id: string;
    step_index: number;
    host_id: string;
    state: string;
    attempt: number;
    ended_at: number;
    group_key: string;
    output_digest: string | null;
    body: string;
  };
  rollouts_output: { digest: string; body: Uint8Array; size_bytes: number; created_at: number };
  rollouts_stop: {
    id: string;
    selector: string | null;
    host_ids: string | null;
    end_running: number;
    reason: string;
    created_by: string;
    created_at: number;
    cleared_by: string | null;
    cleared_at: number | null;
  };
}

export const tables = (source: Store | Transaction): Kysely<RolloutsTables> => source.as<RolloutsTables>();

/** Rows a statement: both engines bound the parameters of one. */
export const ROWS_PER_STATEMENT = 500;
