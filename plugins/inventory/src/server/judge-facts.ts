import type { FactSpec, FindingSpec } from '@pilothouse/contract';
import type { FactsService } from '@pilothouse/kernel';
import type { z } from 'zod';
import {
  fileSystemNearlyFull,
  kernelFact,
  rebootRequired,
  servicesFact,
  storageUsageFact,
  unitFailed,
} from '../contract.ts';
import { judgeKernel } from '../domain/judge-kernel.ts';
import { judgeServices } from '../domain/judge-services.ts';
import { judgeStorageUsage } from '../domain/judge-storage-usage.ts';
import type { Judgement } from '../domain/judgement.ts';

/** One way to find something wrong in one fact. */
interface FactJudge {
  readonly fact: string;
  readonly kind: string;
  /** Null when the body does not fit the fact's schema any more. */
  judge(body: unknown): readonly Judgement[] | null;
}

function defineJudge<Body extends z.ZodType>(
  fact: FactSpec<Body>,
  finding: FindingSpec,
  judge: (body: z.output<Body>) => Judgement[],
): FactJudge {
  return {
    fact: fact.name,
    kind: finding.kind,
    judge(body) {
      const parsed = fact.body.safeParse(body);
      return parsed.success ? judge(parsed.data) : null;
    },
  };
}

export const FACT_JUDGES: readonly FactJudge[] = [
  defineJudge(storageUsageFact, fileSystemNearlyFull, judgeStorageUsage),
  defineJudge(servicesFact, unitFailed, judgeServices),
  defineJudge(kernelFact, rebootRequired, judgeKernel),
];

/** Distinct bodies whose judgement is kept: more builds than a large fleet has at one time, some hundred bytes each. */
const REMEMBERED_MAX = 10_000;

/** Judges each distinct body once, however many hosts have it. Null: the body is not there or not understood. */
export function createMemory(facts: Pick<FactsService, 'body'>) {
  const remembered = new Map<string, readonly Judgement[]>();
  return async (judge: FactJudge, digest: string): Promise<readonly Judgement[] | null> => {
    const key = `${judge.kind} ${digest}`;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const body = await facts.body(digest);
    const judged = body === null ? null : judge.judge(body);
    if (judged === null) return null;
    // The oldest goes first; it is judged again when a host still has it.
    const oldest = remembered.size >= REMEMBERED_MAX ? remembered.keys().next().value : undefined;
    if (oldest !== undefined) remembered.delete(oldest);
    remembered.set(key, judged);
    return judged;
  };
}
