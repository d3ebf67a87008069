/**
 * Collects facts in a process that ends when it is done.
 *
 * Problem: collectors read package databases and hold the schemas of every fact. In the process that stays, both would
 * remain for months: its heap never shrinks to what it was before, and every plugin makes it larger.
 *
 * Rule: the agent's own program is started once more, with the verb `collect`. It writes bodies to their directory and
 * says in lines what it found; only digests reach the agent. What it cannot keep on disk comes with its line.
 *
 * Limits: LINE_BYTES_MAX for a line; START_TIMEOUT_MS until the first, then the time limits of what was asked for and
 * GRACE_MS; HEAP_MIB_MAX of memory. What goes beyond is asked to end what it started and itself, and killed after
 * KILL_AFTER_MS. Its end, however it came, becomes an absence of the fact it was at; the facts behind that one go to a new
 * process, so that one bad collector hides no other.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '@pilothouse/base';
import { errorCode, MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import { reasonText } from '@pilothouse/contract';
import type { AgentLog } from '../log.ts';
import { type CollectorLine, LINE_BYTES_MAX, parseCollectorLine } from './collector-line.ts';
import type { CollectionListener, FactCollection, FactOffer, FoundFact } from './fact-collection.ts';

const START_TIMEOUT_MS = MINUTE_MS;
/** For starting, for checking and digesting the largest bodies, on a busy host. */
const GRACE_MS = 30 * SECOND_MS;
const KILL_AFTER_MS = 2 * SECOND_MS;
/** 64,000 packages, checked and made canonical, take a third of it. */
export const HEAP_MIB_MAX = 512;

export interface CollectorProcessOptions {
  /** Program and arguments; the names of facts are added. */
  readonly command: readonly string[];
  readonly clock: Clock;
  readonly log: AgentLog;
}

/** How one process ended. `facts` is null when it never said what there is. */
interface Ended {
  readonly facts: readonly FactOffer[] | null;
  readonly found: ReadonlySet<string>;
  /** What happened, for a person: "exit code 1", "killed after 90 s". Null when it ended well. */
  readonly failure: string | null;
}

export function createCollectorProcess(options: CollectorProcessOptions): FactCollection {
  let isStopped = false;
  let current: ChildProcess | null = null;
  const isListening = (listener: CollectionListener): CollectionListener => ({
    offered: (facts) => (isStopped ? undefined : listener.offered(facts)),
    found: (fact) => (isStopped ? undefined : listener.found(fact)),
  });

  async function collect(names: readonly string[] | null, listener: CollectionListener): Promise<void> {
    let left = names;
    while (!isStopped && left?.length !== 0) {
      const child = start(options.command, left ?? []);
      current = child;
      const ended: Ended = await follow(child, { names: left, listener, clock: options.clock });
      current = null;
      if (isStopped) return;
      const { facts, found } = ended;
      const missing = unfoundOf(left, facts ?? [], found);
      if (ended.failure === null && facts !== null && missing.length === 0) return;
      const failure = ended.failure ?? 'it ended before it was done';
      options.log.warn('the collecting process failed', { failure });
      // Without the list of facts nothing can be said of any; the next round tries again.
      if (facts === null) throw new Error(`collect facts: ${failure}`);
      const guilty = missing[0];
      if (guilty !== undefined) listener.found(failedFact(guilty, failure));
      left = missing.slice(1);
    }
  }

  return {
    collect: (names, listener) => collect(names, isListening(listener)),
    stop() {
      isStopped = true;
      if (current !== null) end(current, options.clock);
    },
  };
}

/** In the order in which they are collected: that of the offer. */
function unfoundOf(
  names: readonly string[] | null,
  facts: readonly FactOffer[],
  found: ReadonlySet<string>,
): string[] {
  return facts
    .map((fact) => fact.name)
    .filter((name) => !found.has(name) && (names === null || names.includes(name)));
}

function failedFact(fact: string, failure: string): FoundFact {
  const why = reasonText({
    en: `collect in a process of its own: ${failure}`,
    zh: `在独立进程中采集：${failure}`,
  });
  return { report: { kind: 'absent', fact, reason: 'failed', detail: why.en, why }, text: null };
}

/** Its errors go where the agent's log goes; its input stays open as long as the agent lives, and it ends with it. */
function start(command: readonly string[], names: readonly string[]): ChildProcess {
  const [program = '', ...args] = command;
  const stdio = ['pipe', 'pipe', 'inherit'] as const;
  const child = spawn(program, [...args, ...names], { stdio: [...stdio], env: ofItsOwn(process.env) });
  // How it ended is told by `close`.
  child.stdin.on('error', () => undefined);
  return child;
}

const OF_WHO_STAYS = /^(?:NODE_OPTIONS|UV_THREADPOOL_SIZE|MALLOC_.*)$/;

/** What keeps a process small that stays for months makes one slow that ends within a second. */
const ofItsOwn = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !OF_WHO_STAYS.test(name)));

interface Following {
  readonly names: readonly string[] | null;
  readonly listener: CollectionListener;
  readonly clock: Clock;
}

function follow(child: ChildProcess, { names, listener, clock }: Following): Promise<Ended> {
  const found = new Set<string>();
  let facts: readonly FactOffer[] | null = null;
  let failure: string | null = null;
  const fail = (why: string): void => {
    failure ??= why;
    end(child, clock);
  };
  const limit = (ms: number): (() => void) => clock.after(ms, () => fail(`killed after ${ms / SECOND_MS} s`));
  let cancel = limit(START_TIMEOUT_MS);

  function take(line: CollectorLine | null): void {
    if (line === null) return fail('it wrote what is no line of a collector');
    if (line.kind === 'found') {
      found.add(line.report.fact);
      return listener.found({ report: line.report, text: line.text });
    }
    facts = line.facts;
    cancel();
    const asked = facts.filter(({ name }) => names === null || names.includes(name));
    cancel = limit(asked.reduce((sum, { timeoutMs }) => sum + timeoutMs, GRACE_MS));
    listener.offered(facts);
  }

  readLines(child, (line) => (failure === null ? take(parseCollectorLine(line)) : undefined), fail);
  return new Promise((resolve) => {
    child.once('error', (cause) => {
      failure ??= errorCode(cause) ?? String(cause);
    });
    child.once('close', (code, signal) => {
      cancel();
      failure ??= code === 0 ? null : signal === null ? `exit code ${code}` : `ended by ${signal}`;
      resolve({ facts, found, failure });
    });
  });
}

function readLines(child: ChildProcess, take: (line: string) => void, fail: (why: string) => void): void {
  let pieces: Buffer[] = [];
  let sizeBytes = 0;
  child.stdout?.on('data', (data: Buffer) => {
    let rest = data;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      take(Buffer.concat([...pieces, rest.subarray(0, end)]).toString('utf8'));
      pieces = [];
      sizeBytes = 0;
      rest = rest.subarray(end + 1);
    }
    sizeBytes += rest.length;
    if (sizeBytes > LINE_BYTES_MAX) fail(`it wrote a line of more than ${LINE_BYTES_MAX} bytes`);
    else if (rest.length > 0) pieces.push(rest);
  });
}

function end(child: ChildProcess, clock: Clock): void {
  child.kill('SIGTERM');
  const cancel = clock.after(KILL_AFTER_MS, () => child.kill('SIGKILL'));
  child.once('close', cancel);
}
