/**
 * What happens between two waves.
 *
 * Problem: a wave may end well and have broken something that shows only minutes later, and the one who judges (a CEL
 * expression over the fleet, a query to Prometheus, probes on hosts, a person) is slow, may be away, and may answer after
 * a restart what was asked before it.
 *
 * Rule: when the last task of a wave has ended its gates are passed one after the other, in the order of the plan, and the
 * next wave opens after the last of them. Judging is asked for by an effect that carries a number; only the answer to the
 * last number counts. A gate with a soak is judged again and again, and is passed when it has held for that long *under
 * watch*: the time between two looks counts when both found it holding, and never more of it than a watcher should leave
 * between them. Time in which the server was down, the clock jumped or nothing could be evaluated is no soak; what had
 * been soaked before stays. `fails` halts at once; `undetermined` holds and says why.
 *
 * Why under watch: a gate whose judge was away for the whole soak has proved nothing, and would open by the clock alone.
 *
 * Limits: conditions are asked for at most every ASK_EVERY_MS_MIN; a judge that does not answer is asked anew.
 */
import type { Gate, GateVerdict, JsonObject } from '@pilothouse/contract';
import { type GatePhase, isGoingOn, type Judgement } from './state.ts';
import { endUnstarted, move, type Step } from './task-moves.ts';

/** A look costs a query or a round of probes over what was touched; more often shows nothing more. */
export const ASK_EVERY_MS_MIN = 10_000;
/** Of a soak of days: a service that breaks is seen within minutes. */
const ASK_EVERY_MS_MAX = 5 * 60_000;
/** Between two looks no more than so many pauses count as watched: a slow judge delays a soak, and cannot shorten it. */
const WATCHED_PAUSES_MAX = 2;
/** Evidence is for people, stands in the rollout's one row, and is written with every commit. */
const EVIDENCE_CHARS_MAX = 8192;

type Judged = Extract<Gate, { kind: 'check' | 'compare' | 'probes' }>;

export const isJudged = (gate: Gate): gate is Judged =>
  gate.kind === 'check' || gate.kind === 'compare' || gate.kind === 'probes';

/** Of all gates of a plan those that stand after wave `wave` (from 0) of `wavesCount`. */
export const gatesAfter = (gates: readonly Gate[], wave: number, wavesCount: number): readonly Gate[] =>
  gates.filter((gate) => {
    if (gate.after !== 'each' && gate.after !== wave + 1) return false;
    // After the last wave nothing is left to hold back, nor any host to compare with.
    const holdsBack = gate.kind === 'confirm' || gate.kind === 'wait' || gate.kind === 'compare';
    return wave + 1 < wavesCount || !holdsBack;
  });

export const gateNow = ({ state }: Pick<Step, 'state'>): Gate | null =>
  state.config.waves[state.wave]?.gates[state.gate?.at ?? 0] ?? null;

/** Passes as many gates of the wave that has ended as can be passed now. True: all of them. */
export function passGates(step: Step): boolean {
  const { state, now } = step;
  state.gate ??= { ...atGate(now), at: 0, waveEndedAt: now, asked: 0 };
  for (;;) {
    const gate = gateNow(step);
    if (gate === null) return true;
    if (!isPassed(step, gate, state.gate)) return false;
    const { at, confirmedBy } = state.gate;
    step.effects.push({ kind: 'gate-passed', wave: state.wave, at, by: confirmedBy });
    Object.assign(state.gate, { ...atGate(now), at: at + 1 });
  }
}

const atGate = (now: number) => ({
  enteredAt: now,
  soakedMs: 0,
  heldAt: null,
  askedAt: null,
  askAt: null,
  confirmedBy: null,
  judgement: null,
});

function isPassed(step: Step, gate: Gate, phase: GatePhase): boolean {
  switch (gate.kind) {
    case 'notify':
      step.effects.push({ kind: 'notify', wave: step.state.wave, at: phase.at });
      return true;
    case 'confirm':
      return phase.confirmedBy !== null;
    case 'wait':
      return step.now >= phase.enteredAt + gate.waitMs;
    case 'check':
    case 'compare':
    case 'probes':
      if (phase.judgement?.kind === 'holds' && phase.soakedMs >= gate.soakMs) return true;
      askIfDue(step, gate, phase);
      return false;
  }
}

function askIfDue(step: Step, gate: Judged, phase: GatePhase): void {
  const { now } = step;
  const { answerMsMax } = step.state.config;
  if (phase.askedAt !== null && now >= phase.askedAt + answerMsMax) take(step, gate, phase, unanswered(gate));
  if (phase.askedAt !== null || (phase.askAt !== null && now < phase.askAt)) return;
  phase.asked += 1;
  phase.askedAt = now;
  phase.askAt = null;
  const isSoakOver = phase.soakedMs + watchedMs(gate, phase, now) >= gate.soakMs;
  step.effects.push({ kind: 'judge-gate', at: phase.at, asked: phase.asked, isSoakOver });
}

const unanswered = (gate: Judged): GateVerdict => ({
  kind: 'undetermined',
  reason: { code: 'GATE_NOT_ANSWERED', details: { gate: gate.name } },
  evidence: {},
});

/** Takes an answer in. One that fails halts, also while people have paused: what is broken is broken. */
export function takeVerdict(step: Step, asked: number, verdict: GateVerdict): void {
  const phase = step.state.gate;
  const gate = gateNow(step);
  if (phase === null || gate === null || !isJudged(gate) || !isGoingOn(step.state)) return;
  if (phase.asked !== asked || phase.askedAt === null) return;
  take(step, gate, phase, verdict);
  if (verdict.kind === 'fails') haltAtGate(step, gate, verdict);
}

function take(step: Step, gate: Judged, phase: GatePhase, verdict: GateVerdict): void {
  const askedAt = phase.askedAt ?? step.now;
  const isHolding = verdict.kind === 'holds';
  if (isHolding) phase.soakedMs += watchedMs(gate, phase, askedAt);
  phase.heldAt = isHolding ? askedAt : null;
  phase.judgement = { ...bounded(verdict), at: askedAt } satisfies Judgement;
  phase.askedAt = null;
  const leftMs = gate.soakMs - phase.soakedMs;
  const pauseMs = isHolding ? Math.min(askEveryMs(gate), Math.max(0, leftMs)) : askEveryMs(gate);
  // An answer that took longer than the pause: asked again at once, and never in the past.
  phase.askAt = Math.max(step.now, askedAt + pauseMs);
}

/** How much of the soak has gone by, under watch, between the last look and one at `now`. */
function watchedMs(gate: Judged, phase: GatePhase, now: number): number {
  if (phase.heldAt === null || now <= phase.heldAt) return 0;
  return Math.min(now - phase.heldAt, WATCHED_PAUSES_MAX * askEveryMs(gate));
}

function askEveryMs(gate: Judged): number {
  if (gate.kind === 'probes') return gate.everyMs;
  return Math.min(ASK_EVERY_MS_MAX, Math.max(ASK_EVERY_MS_MIN, gate.soakMs / 10));
}

function bounded(verdict: GateVerdict): GateVerdict {
  const chars = JSON.stringify(verdict.evidence).length;
  return chars <= EVIDENCE_CHARS_MAX ? verdict : { ...verdict, evidence: { cutChars: chars } };
}

function haltAtGate(step: Step, gate: Judged, verdict: GateVerdict): void {
  const { state } = step;
  const { reason, evidence } = bounded(verdict);
  const details: JsonObject = {
    gate: gate.name,
    rule: ruleOf(gate),
    wave: state.wave + 1,
    waveName: state.config.waves[state.wave]?.name ?? '',
    reason,
    evidence,
  };
  move(step, 'halting', { code: 'ROLLOUT_GATE_FAILED', details, by: null });
  const cause = { code: 'TASK_ROLLOUT_HALTED', details: { gate: gate.name } };
  endUnstarted(step, { state: 'cancelled', cause, endRunning: false });
}

function ruleOf(gate: Judged): string {
  if (gate.kind === 'check') return gate.expression;
  if (gate.kind === 'probes') return `probes: at most ${gate.failingMax} failing`;
  return `compare: ${gate.measures.map((each) => (each.kind === 'vital' ? each.vital : each.query)).join(', ')}`;
}

export function confirmGate(step: Step, by: string, name: string): void {
  const gate = gateNow(step);
  if (step.state.gate === null || gate?.kind !== 'confirm' || gate.name !== name) return;
  step.state.gate.confirmedBy = by;
}

/** When the gate of the moment needs a `tick`, if nothing else happens; null: only a word from outside helps. */
export function gateWakeAt({ state }: Pick<Step, 'state'>): number | null {
  const phase = state.gate;
  const gate = gateNow({ state });
  if (phase === null || gate === null) return null;
  if (gate.kind === 'wait') return phase.enteredAt + gate.waitMs;
  if (!isJudged(gate)) return null;
  return phase.askedAt === null ? phase.askAt : phase.askedAt + state.config.answerMsMax;
}
