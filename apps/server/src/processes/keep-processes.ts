/**
 * Several server processes on one machine.
 *
 * Problem: TLS and frames of ten thousand sessions take most of a processor, and one process is all that there is to lose.
 *
 * Rule: the process that a person or a service manager starts keeps the others and does nothing else: one leader, which holds
 * the store and decides, and fronts, which hold connections and keep nothing. Both listening sockets are made here once and
 * shared by all fronts, so that what waits in their queues is never lost with one of them. SIGHUP replaces all, one after
 * another: each front by a new one that listens before the old one leaves, then the leader, for whom requests wait a moment.
 *
 * Limits: when the keeper is killed, its processes end in order and the service manager starts all anew. Fronts and leader
 * talk in a way of their own that both have to know (fronts/link.ts), so a version that changes it is started, not rolled.
 */
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { getCompileCacheDir } from 'node:module';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@pilothouse/base';
import type { Config } from '../config.ts';
import { openLog } from '../open-log.ts';
import { printAddresses, printStandingBy } from '../print-start.ts';
import { endAsked } from '../run-main.ts';
import { doorPath } from './door-path.ts';
import {
  KeptProcess,
  type KeptProcessOptions,
  type Ready,
  type Refused,
  type StandingBy,
} from './kept-process.ts';

/** Half of the ten seconds in which another has to have taken over; the rest is its start. */
const LEADER_SILENT_MAX = 5;
/** One that loses 15,000 connections in the same moment closes them for several seconds, and hangs for nobody but these. */
const FRONT_SILENT_MAX = 25;
const LEADER = fileURLToPath(new URL('leader-main.ts', import.meta.url));
const FRONT = fileURLToPath(new URL('front-main.ts', import.meta.url));

/** Resolves when all have ended, as asked. */
export async function keepProcesses(config: Config): Promise<void> {
  const end = endAsked();
  // Refused here, before anything is started.
  doorPath(config.dataDirectory);
  const log = openLog(config, { process: 'keeper' });
  const args = process.argv.slice(2);
  // Compiled code that this process keeps between starts is the others', too.
  const codeDirectory = getCompileCacheDir();
  if (codeDirectory !== undefined) process.env['NODE_COMPILE_CACHE'] = codeDirectory;
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: FRONT, args });
  const world = { clock: systemClock, random: Math.random, log };
  const leader = new KeptProcess({
    ...world,
    name: 'leader',
    hasSpare: true,
    silentMax: LEADER_SILENT_MAX,
    spawn: () => fork(LEADER, args),
    // The code that another machine has shown does not serve here.
    tookOver: (ready) => {
      if (ready.setupCode !== null) process.stdout.write(wordOf(config, ready));
    },
  });
  const fronts = Array.from({ length: config.processes - 1 }, (_, i) => newFront(world, `front-${i + 1}`));
  const stopAll = async (): Promise<void> => {
    // The leader asks all agents to come back, and the fronts carry that word.
    await leader.end();
    await Promise.all(fronts.map((front) => front.end()));
  };

  const led = await leader.start();
  const begun = led.kind === 'refused' ? led : await startAll(fronts, led);
  if (begun.kind === 'refused') {
    await stopAll();
    process.stderr.write(begun.text);
    process.exitCode = begun.exitCode;
    return;
  }
  const { listen, gatewayListen } = config;
  process.stdout.write(wordOf(config, begun));
  log.info('ready', { listen, gatewayListen, processes: config.processes });
  onHangUp(async () => {
    log.info('all processes are replaced', {});
    for (const front of fronts) {
      // What does not start would take the place of what works.
      if (!(await front.replace(true))) return;
    }
    if (await leader.replace(false)) log.info('all processes were replaced', {});
  }, log);
  await end;
  await stopAll();
}

/** What a person reads who started it. */
function wordOf({ listen, gatewayListen, language }: Config, word: Ready | StandingBy): string {
  const addresses = { port: listen.port, gatewayPort: gatewayListen.port, language };
  if (word.kind === 'standing-by') return printStandingBy({ ...addresses, holder: word.holder });
  return printAddresses({ ...addresses, pin: word.pin ?? '', setupCode: word.setupCode });
}

const newFront = (
  world: Omit<KeptProcessOptions, 'name' | 'spawn' | 'hasSpare' | 'silentMax'>,
  name: string,
): KeptProcess =>
  new KeptProcess({
    ...world,
    name,
    hasSpare: false,
    silentMax: FRONT_SILENT_MAX,
    spawn: () => cluster.fork().process,
  });

/** The leader's word when all are ready, or the first refusal. */
async function startAll(
  fronts: readonly KeptProcess[],
  led: Ready | StandingBy,
): Promise<Ready | StandingBy | Refused> {
  const words = await Promise.all(fronts.map((front) => front.start()));
  return words.find((word) => word.kind === 'refused') ?? led;
}

/** One round at a time; whoever asks during one gets another after it. */
function onHangUp(replaceAll: () => Promise<void>, log: KeptProcessOptions['log']): void {
  let isUnderWay = false;
  let isAskedAgain = false;
  const run = async (): Promise<void> => {
    isUnderWay = true;
    do {
      isAskedAgain = false;
      await replaceAll();
    } while (isAskedAgain);
    isUnderWay = false;
  };
  process.on('SIGHUP', () => {
    if (isUnderWay) isAskedAgain = true;
    else run().catch((cause: unknown) => log.error('processes could not be replaced', { cause }));
  });
}
