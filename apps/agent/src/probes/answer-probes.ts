/**
 * Answers `probe` frames: the probes of a plan that this host took part in, asked during a soak.
 *
 * The envelope is verified like that of a run; nothing is journalled, because nothing is changed and a lost answer is asked
 * for again. A few at once and so many a minute: beyond it the server is told to wait, so that nobody turns probes into load.
 */
import type { Clock, Result } from '@pilothouse/base';
import type { Envelope, EnvelopePayload } from '@pilothouse/contract';
import type { ServerFrameOf } from '@pilothouse/wire';
import type { OutgoingFrame } from '../session/session-frames.ts';
import type { Refusal } from '../tasks/verify-envelope.ts';
import { runProbes } from './run-probes.ts';

/** Probes of so many plans run at once. */
const ASKED_AT_ONCE_MAX = 4;
/** Of one minute; a soak asks every few seconds at most. */
const ASKED_PER_MINUTE_MAX = 60;
const MINUTE_MS = 60_000;

export interface ProbeAnswers {
  ask(frame: ServerFrameOf<'probe'>): void;
  /** Ends what runs; nothing is answered any more. */
  stop(): void;
}

export function createProbeAnswers(deps: {
  readonly clock: Clock;
  readonly verify: (envelope: Envelope) => Result<EnvelopePayload, Refusal>;
  readonly send: (frame: OutgoingFrame) => boolean;
}): ProbeAnswers {
  const { clock, verify, send } = deps;
  const ending = new AbortController();
  let running = 0;
  let asked: number[] = [];

  const answer = (
    { taskId, askId }: ServerFrameOf<'probe'>,
    said: Pick<Extract<OutgoingFrame, { kind: 'probe-result' }>, 'results' | 'refused'>,
  ): void => void send({ kind: 'probe-result', taskId, askId, ...said });

  function refusalOf(frame: ServerFrameOf<'probe'>): string | EnvelopePayload {
    asked = asked.filter((atMs) => atMs > clock.monotonic() - MINUTE_MS);
    if (running >= ASKED_AT_ONCE_MAX || asked.length >= ASKED_PER_MINUTE_MAX) return 'TASK_PROBES_TOO_OFTEN';
    asked.push(clock.monotonic());
    const verified = verify(frame.envelope);
    if (!verified.ok) return verified.error.code;
    const { kind, taskId } = verified.value;
    return kind === 'probe' && taskId === frame.taskId ? verified.value : 'TASK_PLAN_MISMATCH';
  }

  async function run(frame: ServerFrameOf<'probe'>, payload: EnvelopePayload): Promise<void> {
    running += 1;
    try {
      const probes = payload.header.strategy.probes ?? [];
      const results = await runProbes(probes, { clock, signal: ending.signal });
      if (!ending.signal.aborted) answer(frame, { results, refused: null });
    } finally {
      running -= 1;
    }
  }

  return {
    ask(frame) {
      const decided = refusalOf(frame);
      if (typeof decided === 'string') answer(frame, { results: [], refused: decided });
      else void run(frame, decided);
    },
    stop: () => ending.abort(),
  };
}
