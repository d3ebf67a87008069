import { z } from 'zod';
import { canonicalJson, digestOfText } from './canonical-json.ts';
import { HostId } from './host-id.ts';
import type { Message } from './message.ts';
import { ActionAllowance, isAllowed, type ReadParameters } from './parameter-constraint.ts';
import type { PlanHeader, Step } from './plan.ts';
import { PROBES_MAX, Probe } from './probe.ts';
import { type Digest, Timestamp } from './scalars.ts';
import { ruleText } from './schema-text.ts';

/** The text travels with every envelope under it, so a larger set of hosts takes several mandates, or all hosts. */
export const MANDATE_HOSTS_MAX = 2000;
const DAY_MS = 86_400_000;
/** Longer than a year nobody remembers what was signed. */
export const MANDATE_DAYS_MAX = 400;

/**
 * Work that people signed once and that is done many times: by a schedule, or by whoever is on duty at night. Its signed
 * form is the exact JSON text of this, over MANDATE_TAG; each host checks it by itself and counts the uses.
 */
export const Mandate = z
  .strictObject({
    version: z.literal(1),
    title: z.string().trim().min(1).max(200),
    createdBy: z.string().max(200),
    /** Every action of a step must fit one of these. */
    actions: z.array(ActionAllowance).min(1).max(16),
    /** Probes that plans under it may have, each as it stands; absent: none. */
    probes: z.array(Probe).min(1).max(PROBES_MAX).optional(),
    hosts: z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('ids'),
        ids: z.array(HostId).min(1).max(MANDATE_HOSTS_MAX),
        /** What the ids were picked by when it was written, for its readers. */
        selector: z.string().max(4096).optional(),
      }),
      /** Every host whose own policy trusts the signers. */
      z.strictObject({ kind: z.literal('all') }),
    ]),
    /** Times that each host carries it out, retries included. Dry runs and probes do not count. */
    usesMax: z.number().int().min(1).max(100_000),
    notBefore: Timestamp,
    expiresAt: Timestamp,
    /** For emergencies: it stands in for approvals, and every use is told loudly. */
    isBreakGlass: z.boolean(),
    /** Chance: two mandates of the same words are two mandates, with uses of their own. */
    nonce: z.string().min(8).max(64),
  })
  .refine(
    ({ notBefore, expiresAt }) => notBefore < expiresAt,
    ruleText({ en: 'must begin before it ends', zh: '开始时间必须早于结束时间' }),
  )
  .refine(
    ({ notBefore, expiresAt }) => Date.parse(expiresAt) - Date.parse(notBefore) <= MANDATE_DAYS_MAX * DAY_MS,
    ruleText({
      en: `must not last longer than ${MANDATE_DAYS_MAX} days`,
      zh: `有效期不得超过 ${MANDATE_DAYS_MAX} 天`,
    }),
  );
export type Mandate = z.infer<typeof Mandate>;

/** A mandate is named by its text: the same words signed anew are the same mandate, and share its uses. */
export const mandateDigest = (text: string): Digest => digestOfText(text);

/** Null when the text is no mandate. */
export function readMandate(text: string): Mandate | null {
  try {
    return Mandate.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Not JSON: nobody signed a mandate in it.
    return null;
  }
}

export type MandateGap = 'not-yet' | 'expired' | 'other-host' | 'other-action' | 'other-probe';

/** For people. */
export const MANDATE_GAPS: Readonly<Record<MandateGap, Message>> = {
  'not-yet': { en: 'it does not hold yet', zh: '尚未生效' },
  expired: { en: 'it has expired', zh: '已过期' },
  'other-host': { en: 'it is for other hosts', zh: '针对的是其他主机' },
  'other-action': {
    en: 'it does not allow this action with these parameters',
    zh: '不允许以这些参数执行该操作',
  },
  'other-probe': { en: 'it does not allow these probes', zh: '不允许这些探测' },
};

/** Why a mandate does not allow a step; null when it does. Signatures and uses are judged elsewhere. */
export function gapOfMandate(
  mandate: Mandate,
  asked: { readonly step: Step; readonly header: Pick<PlanHeader, 'strategy'>; readonly nowMs: number },
  read: ReadParameters,
): MandateGap | null {
  const { step, header, nowMs } = asked;
  if (nowMs < Date.parse(mandate.notBefore)) return 'not-yet';
  if (nowMs > Date.parse(mandate.expiresAt)) return 'expired';
  const { hosts } = mandate;
  if (hosts.kind === 'ids' && !hosts.ids.includes(step.hostId)) return 'other-host';
  const isCovered = step.actions.every((each) => mandate.actions.some((one) => isAllowed(one, each, read)));
  if (!isCovered) return 'other-action';
  const probes = new Set((mandate.probes ?? []).map((probe) => canonicalJson(probe)));
  const hasOnlyKnown = (header.strategy.probes ?? []).every((probe) => probes.has(canonicalJson(probe)));
  return hasOnlyKnown ? null : 'other-probe';
}
