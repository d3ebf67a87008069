/** What the agent costs the host it runs on: the bundle as its unit file runs it, connected to a real server, beside a peer. */
import { setTimeout as delay } from 'node:timers/promises';
import { HOUR_MS } from '@pilothouse/base';
import { rolloutRoutes } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { until } from '@pilothouse/testkit';
import { buildBundles } from '../tools/build.ts';
import { soakAgent } from './agent-soak.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { ceiling, type Figure } from './figure.ts';
import { type AgentLab, NO_MESH, openAgentLab } from './frame/agent-lab.ts';
import {
  collectFacts,
  enrolAgent,
  GIVEN_BACK_MS,
  type RunningAgent,
  runAgent,
} from './frame/agent-process.ts';
import { type CountingRelay, openRelay } from './frame/counting-relay.ts';
import { startNodeExporter } from './frame/node-exporter.ts';
import { newEnrolmentToken } from './frame/prepared-fleets.ts';
import { type Rest, restOf } from './frame/process-rest.ts';
import { cpuSeconds, privateBytes } from './frame/process-usage.ts';
import { openStage, type Stage } from './frame/stage.ts';
import { median } from './frame/statistics.ts';

const STARTS = 5;
/** By then the first facts are collected and their bodies sent. */
const SETTLE_MS = 20_000;
const IDLE_MS = 60_000;
/** Commands, each followed by a new session: more than a host sees in half an hour. */
const CYCLES = 100;
/** Each counted several times, since the kernel counts in hundredths of a second. */
const COLLECTIONS = 3;
/** Prometheus' own default is a minute; most installations ask four times as often. */
const SCRAPE_INTERVAL_MS = 15_000;
const PEER = 'prometheus-node-exporter';

interface Costs {
  readonly privateBytes: number;
  /** Of one core. */
  readonly cpuShare: number;
  readonly bytesAnHour: number;
  readonly startMs: number;
}

interface AgentCosts extends Costs {
  /** Of one core, in an hour without changes. */
  readonly roundsShare: number;
  readonly afterCyclesBytes: number;
}

export const agent: Benchmark = {
  hosts: 1,
  async run(context) {
    await buildBundles(['agent']);
    const lab = await openAgentLab(context);
    try {
      return await withAgentHere(context.fleets, (here) => measure(context, here, lab));
    } finally {
      if (typeof lab !== 'string') await lab.close();
    }
  },
};

/** The agent on this machine. */
interface Here {
  readonly stage: Stage;
  readonly relay: CountingRelay;
  readonly directory: string;
  readonly startMs: number;
  readonly running: RunningAgent;
}

async function withAgentHere<Result>(
  fleets: BenchContext['fleets'],
  run: (here: Here) => Promise<Result>,
): Promise<Result> {
  const stage = await openStage(fleets.newDirectory());
  const relay = await openRelay(stage.ports.gateway);
  let running: RunningAgent | null = null;
  try {
    const directory = fleets.newDirectory();
    await enrolAgent(directory, await newEnrolmentToken(stage.client, 1));
    const gateway = `https://127.0.0.1:${relay.port}`;
    const starts: number[] = [];
    for (let start = 0; start < STARTS; start++) {
      const once = await runAgent(directory, gateway);
      starts.push(once.sessionMs);
      await once.close();
    }
    running = await runAgent(directory, gateway);
    return await run({ stage, relay, directory, startMs: median(starts), running });
  } finally {
    await running?.close();
    relay.close();
    await stage.close();
  }
}

/** All that are at rest are so in the same minute, and what waits for memory to be given back waits together. */
async function measure(context: BenchContext, here: Here, lab: AgentLab | string) {
  const { say } = context;
  say(`settle for ${SETTLE_MS / 1000} s`);
  await delay(SETTLE_MS);
  say(`all at rest for ${IDLE_MS / 1000} s`);
  const [costs, peer, onLab] = await Promise.all([
    costsAtRest(here),
    measurePeer(),
    typeof lab === 'string' ? lab : labRest(lab),
  ]);
  if (typeof lab !== 'string') await lab.peer?.close();
  say('rounds of facts');
  const roundsShare = await shareOfRounds(here.directory);
  const [afterCyclesBytes, soak] = await Promise.all([
    memoryAfterCycles(here, say),
    typeof lab === 'string' ? [] : soakAgent(context, lab),
  ]);
  const figures = figuresOf({ ...costs, roundsShare, afterCyclesBytes }, peer);
  const notes = peer === null ? [`the peer is missing: apt install ${PEER}`] : [];
  if (typeof onLab === 'string') return { figures, notes: [...notes, onLab] };
  if (onLab.peer === null) notes.push(NO_MESH);
  return { figures: [...figures, ...labFigures(onLab), ...soak], notes };
}

/** The agent's own: a change on this machine would start a collection, and what it starts at rest is `ss` every five minutes. */
async function costsAtRest({ relay, running, startMs }: Here): Promise<Costs> {
  const [bytesBefore, began] = [relay.bytes(), performance.now()];
  // Read before, since the minute itself may be the one after which memory is given back.
  const settled = privateBytes(running.pid);
  const { cpuShare } = await restOf(running.pid, IDLE_MS);
  const bytesAnHour = ((relay.bytes() - bytesBefore) * HOUR_MS) / (performance.now() - began);
  return { privateBytes: settled, cpuShare, bytesAnHour, startMs };
}

async function memoryAfterCycles(here: Here, say: BenchContext['say']): Promise<number> {
  say(`${CYCLES} commands and sessions, and the soak meanwhile`);
  for (let cycle = 0; cycle < CYCLES; cycle++) await runCycle(here);
  await delay(GIVEN_BACK_MS);
  return privateBytes(here.running.pid);
}

/**
 * Of one core, for the rounds of an hour in which nothing changes: facts of one interval are collected together, and go
 * along with those of a longer one.
 */
async function shareOfRounds(directory: string): Promise<number> {
  const { facts } = await collectFacts(directory, []);
  const intervals = [...new Set(facts.map((fact) => fact.intervalMs))].toSorted((a, b) => b - a);
  let share = 0;
  let longerRounds = 0;
  for (const intervalMs of intervals) {
    const names = facts.filter((fact) => fact.intervalMs <= intervalMs).map((fact) => fact.name);
    let cpu = 0;
    for (let n = 0; n < COLLECTIONS; n++)
      cpu += (await collectFacts(directory, names)).cpuSeconds / COLLECTIONS;
    const rounds = HOUR_MS / intervalMs;
    share += (cpu * (rounds - longerRounds)) / (HOUR_MS / 1000);
    longerRounds = rounds;
  }
  return share;
}

/** A command with some output, and then a session that breaks. */
async function runCycle({ stage: { client }, relay }: Here): Promise<void> {
  const { rollout } = await client.call(rolloutRoutes.run, {
    body: {
      title: 'list',
      target: { selector: 'true' },
      // The session of the cycle before was cut, and the host comes back when it does.
      strategy: { offline: 'wait' },
      actions: [{ action: runCommandAction.name, parameters: { argv: ['ls', '-lR', '/etc'] } }],
    },
  });
  const { counts } = await until('the command to end', 60_000, async () => {
    const now = await client.call(rolloutRoutes.get, { params: { rolloutId: rollout.id } });
    return now.endedAt === null ? null : now;
  });
  if (counts.succeeded !== 1) throw new Error('the command did not run');
  relay.cut();
}

/** For a minute; null when it is not installed. */
async function measurePeer(): Promise<Costs | null> {
  const exporter = await startNodeExporter();
  if (exporter === null) return null;
  try {
    const before = cpuSeconds(exporter.pid);
    let bytes = 0;
    for (let passedMs = 0; passedMs < IDLE_MS; passedMs += SCRAPE_INTERVAL_MS) {
      bytes += await exporter.scrape();
      await delay(SCRAPE_INTERVAL_MS);
    }
    return {
      privateBytes: privateBytes(exporter.pid),
      cpuShare: (cpuSeconds(exporter.pid) - before) / (IDLE_MS / 1000),
      bytesAnHour: (bytes * HOUR_MS) / IDLE_MS,
      startMs: exporter.readyMs,
    };
  } finally {
    await exporter.close();
  }
}

function figuresOf(ours: AgentCosts, peer: Costs | null): Figure[] {
  const per = (value: number | undefined, unit: number): number | undefined =>
    value === undefined ? undefined : value / unit;
  const pair = (figure: Figure, mine: number, theirs: number | undefined, unit: string): Figure =>
    theirs === undefined || theirs === 0
      ? figure
      : { ...figure, peer: `${theirs.toFixed(2)} ${unit}`, ratio: mine / theirs };
  const mb = ours.privateBytes / 1e6;
  const cpu = ours.cpuShare * 100;
  const kb = ours.bytesAnHour / 1000;
  return [
    pair(ceiling('private memory, idle', mb, 'MB', 20), mb, per(peer?.privateBytes, 1e6), 'MB'),
    ceiling(`the same after ${CYCLES} commands and sessions`, ours.afterCyclesBytes / 1e6, 'MB', 20),
    pair(
      { what: 'of a core, idle', value: cpu, unit: '%', budget: 0.1 },
      cpu,
      per(peer?.cpuShare, 0.01),
      '%',
    ),
    ceiling('of a core, with an hour’s rounds of facts', cpu + ours.roundsShare * 100, '%', 0.1),
    ceiling(`start to session, median of ${STARTS}`, ours.startMs / 1000, 's', 0.3),
    pair(
      { what: 'on the wire in an idle hour', value: kb, unit: 'kB', budget: null },
      kb,
      per(peer?.bytesAnHour, 1000),
      'kB',
    ),
  ];
}

interface LabRest {
  readonly ours: Rest;
  readonly peer: (Rest & { readonly name: string }) | null;
}

async function labRest({ pid, peer }: AgentLab): Promise<LabRest> {
  const [ours, theirs] = await Promise.all([
    restOf(pid, IDLE_MS),
    peer === null ? null : restOf(peer.pid, IDLE_MS),
  ]);
  return { ours, peer: peer === null || theirs === null ? null : { ...theirs, name: peer.name } };
}

function labFigures({ ours, peer }: LabRest): Figure[] {
  const compared = (figure: Figure, of: (rest: Rest) => number): Figure => {
    if (peer === null) return figure;
    const said = { ...figure, peer: `${peer.name}: ${of(peer).toFixed(2)} ${figure.unit}` };
    // It may have used less than the kernel counts.
    return of(peer) === 0 ? said : { ...said, ratio: of(ours) / of(peer) };
  };
  const mb = (rest: Rest): number => rest.privateBytes / 1e6;
  const percent = (rest: Rest): number => rest.cpuShare * 100;
  return [
    compared(ceiling('on a lab host: private memory, idle', mb(ours), 'MB', 20), mb),
    compared(ceiling('on a lab host: of a core, idle', percent(ours), '%', 0.1), percent),
  ];
}
