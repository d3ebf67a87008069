import { flushCompileCache } from 'node:module';
import { systemLanguage } from '../system-language.ts';
import { KeeperWord, type ProcessWord } from './process-words.ts';

/** What a kept process does once it knows its name. */
export interface KeptWork {
  readonly ready: Omit<Extract<ProcessWord, { kind: 'ready' }>, 'kind'>;
  leave(): Promise<void>;
}

/** What it can say of its beginning, and hear meanwhile. */
export interface Beginning {
  /** Given when it is to end, begun or not. */
  readonly signal: AbortSignal;
  /** It waits for its turn behind that one; `takingOver` when it has come. */
  standingBy(holder: string): void;
  takingOver(): void;
}

/**
 * The life of a process that a keeper started: begins at the keeper's word, answers whether it is alive, and ends in order
 * when it is told to, when somebody sends SIGTERM, or when its keeper is gone. Ctrl-C at a terminal reaches it as well; that
 * is for the keeper to act on.
 */
export function liveKept(begin: (name: string, beginning: Beginning) => Promise<KeptWork>): void {
  let work: Promise<KeptWork> | null = null;
  const left = new AbortController();
  const say = (word: ProcessWord): void => {
    if (process.connected) process.send?.(word);
  };
  const leave = async (): Promise<void> => {
    if (left.signal.aborted) return;
    left.abort();
    // One that could not begin has said so, and ends by itself.
    const begun = await work?.catch(() => null);
    await begun?.leave();
    process.exit(0);
  };
  const start = async (name: string): Promise<void> => {
    work = begin(name, {
      signal: left.signal,
      standingBy: (holder) => say({ kind: 'standing-by', holder }),
      takingOver: () => say({ kind: 'taking-over' }),
    });
    const { ready } = await work;
    say({ kind: 'ready', ...ready });
    // Written now, since one that is killed writes nothing at its end.
    flushCompileCache();
  };
  const orDie = (running: Promise<void>): void => {
    running.catch(async (error: unknown) => {
      const { refusalOf } = await import('../report-refusal.ts');
      const { text, exitCode } = refusalOf(error, systemLanguage());
      if (!process.connected) process.exit(exitCode);
      process.send?.({ kind: 'refused', text, exitCode } satisfies ProcessWord, () => process.exit(exitCode));
    });
  };
  say({ kind: 'loaded' });
  process.on('message', (message) => {
    const word = KeeperWord.safeParse(message);
    if (!word.success) return;
    switch (word.data.kind) {
      case 'begin':
        return orDie(start(word.data.name));
      case 'alive?':
        return say({ kind: 'alive' });
      case 'leave':
        return orDie(leave());
    }
  });
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  process.on('SIGTERM', () => orDie(leave()));
  process.on('disconnect', () => orDie(leave()));
}
