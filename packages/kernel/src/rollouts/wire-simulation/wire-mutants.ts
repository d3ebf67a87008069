import type { Mutant } from '../simulation/mutants.ts';

/** Mistakes between an agent's connection and the disk; worlds of bytes have to find each. */
export const WIRE_MUTANTS: readonly Mutant[] = [
  {
    name: 'a commit is answered before it is on the disk',
    file: '../../../store/src/serial-store.ts',
    find: '      await begun.commit();',
    replace: '      void begun.commit();',
    from: 174,
  },
  {
    name: 'a journal that lies in memory is taken for one on the disk',
    file: '../../../store/src/sqlite/connection.ts',
    find: 'PRAGMA journal_mode = WAL;',
    replace: 'PRAGMA journal_mode = OFF;',
  },
  {
    name: 'outcomes are acknowledged before they are saved',
    file: 'driver/job-loop.ts',
    find: '    await deps.commit(batch);',
    replace: '    await deps.send(batch); await deps.commit(batch);',
  },
  {
    name: 'a place for a session that opens is never given back',
    file: '../gateway/slots.ts',
    find: '    try {\n      return await work();\n    } finally {\n      this.#free(key);\n    }\n  }\n\n  /** Waits',
    replace: '    return await work();\n  }\n\n  /** Waits',
  },
  {
    name: 'an agent that falls silent stays for ever',
    file: '../gateway/sessions.ts',
    find: 'if (!session.isHeld && now - session.lastFrameAt > this.#limits.silenceMaxMs) session.cut();\n      else if',
    replace: 'if',
  },
  {
    name: 'words of an earlier session count in this one',
    file: '../gateway/agent-session.ts',
    find: 'if (frame.generation !== this.generation) {',
    replace: 'if (frame.generation < 0) {',
  },
  {
    name: 'a session that was replaced is still heard',
    file: '../gateway/sessions.ts',
    find: "      if (frame.kind === 'challenge-answer') this.#table.answer(session, frame);\n      return;",
    replace: "      if (frame.kind === 'challenge-answer') this.#table.answer(session, frame);",
  },
  {
    name: 'a late hello makes a clone of a host that lives',
    file: '../gateway/session-table.ts',
    find: 'return this.#shadowLives(slot, shadow);',
    replace: "return this.#onClone({ hostId: session.hostId, proof: 'challenge', sessions: [session] });",
  },
];
