/**
 * Asks the hosts that a rollout has touched how they are, by the plan's own probes.
 *
 * Each asking is a round: a signed `probe` frame to every touched host, and an answer from each, or none in time. A host
 * whose probe failed already before its task was broken by somebody else: it is named, and does not count. A host that
 * does not answer counts as failing, except while it may be on its way back: right after a start of the server, or after
 * the end of its connection. One that was decommissioned has left, and is nobody's any more.
 */
import type { Clock } from '@pilothouse/base';
import type { Gate, GateVerdict, HostId, ProbeResult } from '@pilothouse/contract';
import type { AgentFrameOf } from '@pilothouse/wire';
import type { GatewayService } from '../../gateway/service.ts';
import { isTouched } from '../engine/index.ts';
import { type ActiveRollout, parseTaskId, taskIdOf } from './active-rollout.ts';
import { probesMsMax } from './probe-time.ts';

/** For the way there and back, and for thousands of envelopes to be signed. */
const ROUND_MS_EXTRA = 30_000;
/** Hosts that a verdict names; the rest are counted. */
const NAMED_HOSTS_MAX = 20;
/** Of one probe's own words. */
const EVIDENCE_CHARS_MAX = 200;
/** Envelopes signed between two looks at the sockets: about 15 ms. */
const SENDS_PER_TURN = 64;

export type ProbesGate = Extract<Gate, { kind: 'probes' }>;

export interface ProbeRoundDeps {
  readonly clock: Clock;
  readonly gateway: Pick<GatewayService, 'send'>;
  readonly isPresent: (hostId: HostId) => boolean;
  readonly canProbe: (hostId: HostId) => boolean;
  /** An absent host that was not given its time to come back yet. */
  readonly mayComeBack: (hostId: HostId) => boolean;
  /** It was decommissioned. */
  readonly hasLeft: (hostId: HostId) => boolean;
  readonly envelopeFor: (active: ActiveRollout, index: number) => Envelope;
}
type Envelope = Extract<Parameters<GatewayService['send']>[1], { kind: 'probe' }>['envelope'];

export interface ProbeRounds {
  ask(active: ActiveRollout, gate: ProbesGate, askId: string): Promise<GateVerdict>;
  /** False: nobody asked this host for it. */
  take(hostId: HostId, frame: AgentFrameOf<'probe-result'>): boolean;
  /** What it was asked, and what it may have answered, is lost; the next round asks it again. */
  sessionClosed(hostId: HostId): void;
  /** Ends the rounds that are under way; nobody waits for their answers any more. */
  clear(): void;
}

interface Round {
  readonly active: ActiveRollout;
  readonly open: Set<number>;
  readonly answers: Map<number, Answer>;
  /** Their connection ended before they had answered. */
  readonly cutOff: Set<number>;
  readonly finish: () => void;
}
interface Answer {
  readonly results: readonly ProbeResult[];
  readonly refused: string | null;
}

export function createProbeRounds(deps: ProbeRoundDeps): ProbeRounds {
  const rounds = new Map<string, Round>();
  const keyOf = (rolloutId: string, askId: string): string => `${rolloutId} ${askId}`;
  return {
    async ask(active, gate, askId) {
      const touched = active.state.tasks.filter(isTouched).map((task) => task.index);
      const key = keyOf(active.id, askId);
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const round: Round = { active, open: new Set(), answers: new Map(), cutOff: new Set(), finish };
      rounds.set(key, round);
      const asked = await sendAll(deps, round, touched, askId);
      if (round.open.size === 0) finish();
      const roundMs = probesMsMax(active.fixed.strategy.probes ?? []) + ROUND_MS_EXTRA;
      const cancel = deps.clock.after(roundMs, finish);
      await finished;
      cancel();
      rounds.delete(key);
      return judge(deps, round, { gate, touched, asked });
    },
    take(hostId, { taskId, askId, results, refused }) {
      const place = parseTaskId(taskId);
      const round = place === null ? undefined : rounds.get(keyOf(place.rolloutId, askId));
      if (place === null || round?.active.state.tasks[place.index]?.hostId !== hostId) return false;
      if (!round.open.delete(place.index)) return false;
      round.answers.set(place.index, { results, refused });
      if (round.open.size === 0) round.finish();
      return true;
    },
    sessionClosed(hostId) {
      for (const round of rounds.values()) {
        const index = round.active.indexOfHost.get(hostId);
        if (index === undefined || !round.open.delete(index)) continue;
        round.cutOff.add(index);
        if (round.open.size === 0) round.finish();
      }
    },
    clear() {
      for (const round of rounds.values()) round.finish();
      rounds.clear();
    },
  };
}

/** Returns how many were asked. */
async function sendAll(
  deps: ProbeRoundDeps,
  { active, open }: Round,
  touched: readonly number[],
  askId: string,
): Promise<number> {
  let asked = 0;
  for (const index of touched) {
    const hostId = active.state.tasks[index]?.hostId ?? '';
    if (!deps.isPresent(hostId) || !deps.canProbe(hostId)) continue;
    const envelope = deps.envelopeFor(active, index);
    open.add(index);
    const taskId = taskIdOf(active.id, index);
    if (deps.gateway.send(hostId, { kind: 'probe', taskId, askId, envelope }) !== 'sent') open.delete(index);
    else asked += 1;
    if (asked % SENDS_PER_TURN === SENDS_PER_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return asked;
}

function judge(
  deps: ProbeRoundDeps,
  { active, answers, cutOff }: Round,
  { gate, touched: all, asked }: { gate: ProbesGate; touched: readonly number[]; asked: number },
): GateVerdict {
  const touched = all.filter((index) => !deps.hasLeft(active.plan.hosts[index]?.id ?? ''));
  const failing: { host: string; probe: string; evidence: string }[] = [];
  const silent: string[] = [];
  let onTheWay = 0;
  const brokenBefore: string[] = [];
  for (const index of touched) {
    const host = active.plan.hosts[index]?.name ?? '';
    const answer = answers.get(index);
    if (answer === undefined || answer.refused !== null) {
      if (cutOff.has(index) || deps.mayComeBack(active.plan.hosts[index]?.id ?? '')) onTheWay += 1;
      silent.push(answer === undefined || answer.refused === null ? host : `${host} (${answer.refused})`);
      continue;
    }
    const before = active.brokenBefore.get(index) ?? [];
    const failed = answer.results.filter((result) => !result.isPassing);
    const broken = failed.find((result) => !before.includes(result.name));
    if (broken !== undefined) {
      const said = broken.evidence.slice(0, EVIDENCE_CHARS_MAX);
      failing.push({ host, probe: broken.name, evidence: said });
    } else if (failed.length > 0) brokenBefore.push(host);
  }
  const evidence = {
    hosts: touched.length,
    asked,
    failing: failing.slice(0, NAMED_HOSTS_MAX),
    failingCount: failing.length,
    silent: silent.slice(0, NAMED_HOSTS_MAX),
    silentCount: silent.length,
    brokenBefore: brokenBefore.slice(0, NAMED_HOSTS_MAX),
  };
  const count = failing.length + silent.length;
  if (count <= gate.failingMax) return { kind: 'holds', reason: null, evidence };
  if (failing.length <= gate.failingMax && count - onTheWay <= gate.failingMax) {
    const details = { gate: gate.name, hosts: onTheWay };
    return { kind: 'undetermined', reason: { code: 'GATE_HOSTS_SETTLING', details }, evidence };
  }
  const names = [...failing.map(({ host }) => host), ...silent].slice(0, NAMED_HOSTS_MAX);
  const details = {
    failing: failing.length,
    silent: silent.length,
    failingMax: gate.failingMax,
    hosts: names.join(', '),
  };
  return { kind: 'fails', reason: { code: 'GATE_PROBES_FAILING', details }, evidence };
}
