/**
 * Decides by whose word a genuine task may be done here. Pure: policy, ledger and times are arguments.
 *
 * Problem: whoever holds the server's keys can sign any envelope, forge any approval and say any time. In strict mode
 * that must not be enough for anything but what people signed with keys that the server never had, each as often as they
 * signed it.
 *
 * Rule: one of these must hold, tried in this order.
 * 1. The host asks for nothing: every action is on its own allowlist, or is a kind of reading that needs no signature.
 * 2. It undoes a plan that began here by the word of people, once. A signed plan includes its rollback.
 * 3. Enough operators signed the plan's digest, and its step has not begun here: a signature is good for once.
 * 4. A mandate that enough operators signed covers it, and its uses on this host are not used up.
 * How many are enough follows from this agent's own knowledge of the actions. Windows, expiry of keys and of mandates are
 * judged by the server's time and by the host's own clock; whichever is stricter counts.
 *
 * Limits: a dry run or a probe of what was signed may be repeated while the plan is valid; both change nothing by their
 * contract. A host whose clock somebody else sets has no second opinion on time.
 */
import { err, ok, type Result } from '@pilothouse/base';
import {
  type Authority,
  digestOfJson,
  type EffectClass,
  type EnvelopePayload,
  gapOfMandate,
  isAllowed,
  MANDATE_GAPS,
  MANDATE_TAG,
  type Message,
  mandateDigest,
  PLAN_SIGNATURE_TAG,
  readMandate,
  type StepAction,
  type TrustPolicy,
  undoAction,
} from '@pilothouse/contract';
import type { GrantedBy } from '../journal/journal-record.ts';
import type { LedgerEntry } from '../journal/replay-journal.ts';
import type { ActionRegistry } from '../tasks/action-registry.ts';
import { CLOCK_SKEW_MS_MAX } from '../tasks/server-time.ts';
import type { Refusal } from '../tasks/verify-envelope.ts';
import { countSigners, describeProblems, describeWanted, isEnough } from './count-signers.ts';
import { readerOf, weighPayload } from './weigh-payload.ts';

export interface AuthorityJudge {
  readonly policy: TrustPolicy;
  readonly registry: ActionRegistry;
  /** By the host's own clock and by the server's time; the same when the server has said nothing yet. */
  readonly earliestMs: number;
  readonly latestMs: number;
  readonly hasBegun: (step: { readonly planDigest: string; readonly stepIndex: number }) => boolean;
  readonly ranPlan: (planDigest: string) => Pick<LedgerEntry, 'granted'> | null;
  readonly wasUndone: (planDigest: string) => boolean;
  /** Times that tasks under it have begun here. */
  readonly usesOf: (mandateDigest: string) => number;
}

type Verdict = Result<GrantedBy, Refusal>;

const refuse = (code: string, details: Refusal['details'] = {}): Verdict => err({ code, details });

export function judgeAuthority(payload: EnvelopePayload, judge: AuthorityJudge): Verdict {
  if (judge.policy.mode === 'default') return ok({ by: 'server', keys: [] });
  const late = refusalOfWindow(payload, judge);
  if (late !== null) return err(late);
  const effect = weighPayload(payload, judge.registry);
  if (needsNobody(payload, effect, judge)) return ok({ by: 'policy', keys: [] });
  const undo = judgeUndo(payload, judge);
  if (undo?.ok === true) return undo;
  const { plan, mandate } = payload.authority ?? {};
  const signed = judgePlan(payload, effect, { judge, signatures: plan ?? [] });
  if (signed.ok || signed.error.code !== 'TASK_NOT_SIGNED') return signed;
  if (mandate !== undefined) return judgeMandate(payload, effect, { judge, mandate });
  return undo !== null && plan === undefined ? undo : signed;
}

/** The plan's own window, by the host's own clock: the envelope was judged by the server's word alone. */
function refusalOfWindow({ header }: EnvelopePayload, judge: AuthorityJudge): Refusal | null {
  const { notBefore, expiresAt } = header;
  const isEarly = judge.earliestMs + CLOCK_SKEW_MS_MAX < Date.parse(notBefore);
  const isLate = judge.latestMs - CLOCK_SKEW_MS_MAX > Date.parse(expiresAt);
  if (!isEarly && !isLate) return null;
  return { code: 'TASK_OUTSIDE_WINDOW', details: { notBefore, notAfter: expiresAt } };
}

function needsNobody(payload: EnvelopePayload, effect: EffectClass, judge: AuthorityJudge): boolean {
  const { policy, registry } = judge;
  // Nobody has seen the probes of such a plan either.
  if (payload.header.strategy.probes !== undefined) return false;
  if (effect === 'read' && isEnough(policy.signatures.read, { people: [] })) return true;
  const read = readerOf(registry);
  return payload.step.actions.every((step) => policy.allow.some((one) => isAllowed(one, step, read)));
}

/** Null when it is no undo alone. */
function judgeUndo(payload: EnvelopePayload, judge: AuthorityJudge): Verdict | null {
  const undone = new Set(payload.step.actions.map(undoneBy));
  const [planDigest = null] = undone;
  if (undone.size !== 1 || planDigest === null) return null;
  const notCovered = refuse('TASK_UNDO_NOT_COVERED', { planDigest });
  const ran = judge.ranPlan(planDigest)?.granted;
  if (ran === undefined || ran.by === 'server' || ran.by === 'undo') return notCovered;
  const probes = payload.header.strategy.probes;
  if (probes !== undefined && digestOfJson(probes) !== ran.probes) return notCovered;
  const isOwnRetry = judge.ranPlan(payload.planDigest) !== null;
  const isAgain = payload.kind === 'run' && (judge.wasUndone(planDigest) || isOwnRetry);
  if (isAgain) return refuse('TASK_AGAIN_NOT_SIGNED');
  return ok({ by: 'undo', keys: ran.keys, undoOf: planDigest });
}

/** The plan that an action undoes; null for any other action. */
const undoneBy = ({ action, parameters }: StepAction): string | null =>
  action === undoAction.name ? (undoAction.parameters.safeParse(parameters).data?.planDigest ?? null) : null;

/** Those that count are good, and they are too few. */
const NO_PROBLEM: Message = { en: 'others are missing', zh: '尚缺其他签名' };

function judgePlan(
  payload: EnvelopePayload,
  effect: EffectClass,
  brought: { readonly judge: AuthorityJudge; readonly signatures: NonNullable<Authority['plan']> },
): Verdict {
  const { policy, latestMs, hasBegun } = brought.judge;
  const signed = { tag: PLAN_SIGNATURE_TAG, text: payload.planDigest, signatures: brought.signatures };
  const signers = countSigners(policy.operators, signed, latestMs);
  const wanted = policy.signatures[effect];
  if (!isEnough(wanted, signers))
    return refuse('TASK_NOT_SIGNED', {
      effect,
      wanted: describeWanted(wanted),
      given: signers.keys.length,
      problems: signers.problems.length === 0 ? NO_PROBLEM : describeProblems(signers),
    });
  if (payload.kind === 'run' && hasBegun(payload)) return refuse('TASK_AGAIN_NOT_SIGNED');
  return ok({ by: 'plan', keys: [...signers.keys], ...probesOf(payload) });
}

function judgeMandate(
  payload: EnvelopePayload,
  effect: EffectClass,
  brought: { readonly judge: AuthorityJudge; readonly mandate: NonNullable<Authority['mandate']> },
): Verdict {
  const { policy, registry, earliestMs, latestMs, usesOf } = brought.judge;
  const { text, signatures } = brought.mandate;
  const digest = mandateDigest(text);
  const refused = (problem: Message): Verdict => refuse('TASK_MANDATE_REFUSED', { mandate: digest, problem });
  if (policy.mandates === 'refuse')
    return refused({ en: 'this host takes no mandates', zh: '本机不接受授权书' });
  if (policy.revokedMandates?.includes(digest) === true)
    return refused({ en: 'it was revoked on this host', zh: '已在本机撤销' });
  const signers = countSigners(policy.operators, { tag: MANDATE_TAG, text, signatures }, latestMs);
  const wanted = policy.signatures[effect];
  if (!isEnough(wanted, signers)) {
    const { en, zh } = describeWanted(wanted);
    const problems = describeProblems(signers);
    return refused({
      en: `${en} wanted, ${signers.keys.length} given ${problems.en}`.trim(),
      zh: `需要${zh}，有效 ${signers.keys.length} 个 ${problems.zh}`.trim(),
    });
  }
  const mandate = readMandate(text);
  if (mandate === null) return refused({ en: 'it cannot be read', zh: '无法读取' });
  const { step, header, kind } = payload;
  for (const nowMs of [earliestMs, latestMs]) {
    const gap = gapOfMandate(mandate, { step, header, nowMs }, readerOf(registry));
    if (gap !== null) return refused(MANDATE_GAPS[gap]);
  }
  const uses = usesOf(digest);
  if (kind === 'run' && uses >= mandate.usesMax)
    return refuse('TASK_MANDATE_USED_UP', { mandate: digest, uses });
  const counted = { digest, expiresAt: mandate.expiresAt };
  return ok({ by: 'mandate', keys: [...signers.keys], mandate: counted, ...probesOf(payload) });
}

/** Kept so that an undo of this plan may bring the same probes and no others. */
function probesOf({ header }: EnvelopePayload): Pick<GrantedBy, 'probes'> {
  const { probes } = header.strategy;
  return probes === undefined ? {} : { probes: digestOfJson(probes) };
}

/** Whether the envelope carries a mandate that people wrote for emergencies. */
export const isBreakGlass = ({ authority }: EnvelopePayload): boolean =>
  authority?.mandate !== undefined && readMandate(authority.mandate.text)?.isBreakGlass === true;
