/**
 * One process that is kept: started, watched, started again.
 *
 * Rule: it is asked once a second whether it is alive; when it has been silent for `silentMax` questions it is ended by
 * force, since a process that hangs holds what another should have. Until it says that it is ready it may be silent for longer.
 * When it ends without being asked to, it is started again: at once when it had worked for a while, else after a pause that grows. Where others
 * wait for the next one, a spare stands by: a process that has loaded its program, which is most of a start, and does
 * nothing until it is needed. A replacement asked for by a person is never the spare, since that may be of an old version.
 */
import type { ChildProcess } from 'node:child_process';
import { backoffMs, type Clock, SECOND_MS } from '@pilothouse/base';
import type { Log } from '@pilothouse/kernel';
import { type KeeperWord, ProcessWord } from './process-words.ts';

const ASK_MS = SECOND_MS;
/** A start may read a large store before its first turn: some seconds with fifty thousand hosts. */
const START_SILENT_MAX = 180;
/** Ending in order waits for requests under way; whoever needs longer hangs. */
const LEAVE_DEADLINE_MS = 20 * SECOND_MS;
/** A spare is loaded when whoever just began has dealt with those who waited for it. */
const SPARE_AFTER_MS = 5 * SECOND_MS;
const RESTART = { firstMs: 200, maxMs: 5 * SECOND_MS };
/** Whoever worked for so long did not fail because of how it was started. */
const SOUND_MS = 10 * SECOND_MS;

export interface KeptProcessOptions {
  readonly name: string;
  readonly spawn: () => ChildProcess;
  readonly hasSpare: boolean;
  /** Questions without an answer, one a second, until it counts as hanging; more while it starts. */
  readonly silentMax: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** It does its work, after it had only stood by. */
  readonly tookOver?: (ready: Ready) => void;
}

export type Ready = Extract<ProcessWord, { kind: 'ready' }>;
export type StandingBy = Extract<ProcessWord, { kind: 'standing-by' }>;
export type Refused = Extract<ProcessWord, { kind: 'refused' }>;
type Begun = Ready | StandingBy | Refused;

interface Life {
  readonly child: ChildProcess;
  /** Its program is there, or it has ended. */
  readonly loaded: Promise<void>;
  /** Null when it ended without a word. */
  readonly begun: Promise<Begun | null>;
  readonly ended: Promise<void>;
  readonly bornAt: number;
  isStandingBy: boolean;
  isAskedToLeave: boolean;
  hasEnded: boolean;
}

export class KeptProcess {
  readonly #options: KeptProcessOptions;
  #life: Life | null = null;
  #spare: Life | null = null;
  #failures = 0;
  #isOver = false;

  constructor(options: KeptProcessOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Starts it for the first time. A refusal is final; from `ready` on it is kept. */
  async start(): Promise<Begun> {
    const life = this.#bear();
    this.#life = life;
    const word = await this.#begin(life);
    if (word.kind !== 'refused') this.#keep(life, word);
    else this.#isOver = true;
    return word;
  }

  /**
   * Puts another in its place, in order: the new one is ready before the old one leaves, or at least loaded, where only one
   * at a time can be. False when the new one did not start.
   */
  async replace(canBothBe: boolean): Promise<boolean> {
    if (this.#isOver) return false;
    const old = this.#life;
    const life = this.#bear();
    this.#life = life;
    await life.loaded;
    await this.#dismissSpare();
    // What does not even load must not cost the one that works.
    const isFirstOut = !canBothBe && !life.hasEnded;
    if (isFirstOut) await this.#leave(old);
    const word = await this.#begin(life);
    if (word.kind !== 'refused') {
      this.#keep(life, word);
      if (canBothBe) await this.#leave(old);
      return true;
    }
    if (this.#isOver) {
      // Whoever ended it meanwhile knew of the new one alone.
      await this.#leave(old);
      return false;
    }
    this.#options.log.error('a process could not be replaced', { name: this.name, why: word.text });
    if (old === null || old.hasEnded) this.#again(life);
    else this.#life = old;
    return false;
  }

  /** Ends it for good. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all([this.#dismissSpare(), this.#leave(this.#life)]);
  }

  #bear(): Life {
    const { clock, name, log, silentMax } = this.#options;
    const child = this.#options.spawn();
    const loaded = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<Begun | null>();
    const ended = Promise.withResolvers<void>();
    let silent = 0;
    let silentAtMost = START_SILENT_MAX;
    const working = (): void => {
      silent = 0;
      silentAtMost = silentMax;
    };
    const stopAsking = clock.every(ASK_MS, () => {
      if (silent > silentAtMost) {
        log.error('a process hangs and is ended', { name, pid: child.pid });
        child.kill('SIGKILL');
      }
      silent += 1;
      tell(child, { kind: 'alive?' });
    });
    child.on('message', (message) => {
      const word = ProcessWord.safeParse(message);
      if (!word.success) return;
      const { data } = word;
      if (data.kind === 'loaded') return loaded.resolve();
      if (data.kind === 'alive') silent = 0;
      else if (data.kind === 'taking-over') silentAtMost = START_SILENT_MAX;
      else if (data.kind === 'ready' && life.isStandingBy) {
        working();
        this.#tookOver(life, data);
      } else {
        // Nobody waits for its first word any more.
        if (data.kind === 'refused' && life.isStandingBy)
          log.error('a process could not take its turn', { name, why: data.text });
        life.isStandingBy = data.kind === 'standing-by';
        begun.resolve(data);
      }
    });
    const over = (code: number | null, signal: NodeJS.Signals | null): void => {
      stopAsking();
      life.hasEnded = true;
      loaded.resolve();
      begun.resolve(null);
      ended.resolve();
      log.info('a process ended', { name, pid: child.pid, code, signal });
    };
    child.once('exit', over);
    child.on('error', (cause) => {
      log.error('a process could not be told', { name, cause });
      // The system had no room for another process: it was never born, and no end is told of it.
      if (child.pid === undefined) over(null, null);
    });
    void begun.promise.then(working);
    const life: Life = {
      child,
      loaded: loaded.promise,
      begun: begun.promise,
      ended: ended.promise,
      bornAt: clock.monotonic(),
      isStandingBy: false,
      isAskedToLeave: false,
      hasEnded: false,
    };
    return life;
  }

  #tookOver(life: Life, ready: Ready): void {
    life.isStandingBy = false;
    const { log, name, clock, tookOver, hasSpare } = this.#options;
    log.info('a process is ready', { name, pid: life.child.pid, tookOver: true });
    if (hasSpare) clock.after(SPARE_AFTER_MS, () => void this.#bearSpare(life));
    tookOver?.(ready);
  }

  async #begin(life: Life): Promise<Begun> {
    const { name, clock, log } = this.#options;
    const { pid } = life.child;
    const begunAt = clock.monotonic();
    tell(life.child, { kind: 'begin', name });
    const word = await life.begun;
    if (word?.kind === 'ready')
      log.info('a process is ready', { name, pid, tookMs: Math.round(clock.monotonic() - begunAt) });
    if (word?.kind === 'standing-by') log.info('a process stands by', { name, pid, holder: word.holder });
    return word ?? { kind: 'refused', text: `INTERNAL: ${name} ended before it was ready\n`, exitCode: 1 };
  }

  #keep(life: Life, word: Ready | StandingBy): void {
    const { clock, hasSpare } = this.#options;
    // Whoever stands by is a spare itself, of another machine's.
    if (hasSpare && word.kind === 'ready') clock.after(SPARE_AFTER_MS, () => void this.#bearSpare(life));
    void life.ended.then(() => {
      if (this.#life === life && !life.isAskedToLeave) this.#again(life);
    });
  }

  #again(life: Life): void {
    if (this.#isOver) return;
    const { clock, random, log, name } = this.#options;
    const hasWorked = clock.monotonic() - life.bornAt > SOUND_MS;
    this.#failures = hasWorked ? 0 : this.#failures + 1;
    const pauseMs = this.#failures === 0 ? 0 : backoffMs(this.#failures - 1, RESTART, random());
    log.warn('a process is started again', { name, pauseMs: Math.round(pauseMs) });
    clock.after(pauseMs, () => {
      if (!this.#isOver && this.#life === life) void this.#tryAgain(this.#takeSpare() ?? this.#bear());
    });
  }

  async #tryAgain(life: Life): Promise<void> {
    this.#life = life;
    const word = await this.#begin(life);
    if (word.kind !== 'refused') return this.#keep(life, word);
    this.#options.log.error('a process did not start', { name: this.name, why: word.text });
    this.#again(life);
  }

  async #bearSpare(life: Life): Promise<void> {
    if (this.#life !== life || life.hasEnded || this.#isOver || this.#spare !== null) return;
    const spare = this.#bear();
    this.#spare = spare;
    await spare.loaded;
    const { name, log } = this.#options;
    if (!spare.hasEnded) log.info('a spare stands by', { name, pid: spare.child.pid });
    else if (this.#spare === spare) this.#spare = null;
  }

  #takeSpare(): Life | null {
    const spare = this.#spare;
    this.#spare = null;
    return spare?.hasEnded === false ? spare : null;
  }

  async #dismissSpare(): Promise<void> {
    await this.#leave(this.#takeSpare());
  }

  async #leave(life: Life | null): Promise<void> {
    if (life === null) return;
    life.isAskedToLeave = true;
    tell(life.child, { kind: 'leave' });
    const cancel = this.#options.clock.after(LEAVE_DEADLINE_MS, () => {
      this.#options.log.warn('a process does not leave and is ended', { name: this.name });
      life.child.kill('SIGKILL');
    });
    await life.ended;
    cancel();
  }
}

function tell(child: ChildProcess, word: KeeperWord): void {
  if (child.connected) child.send(word, () => undefined /* its end is heard of by itself */);
}
