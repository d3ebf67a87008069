import assert from 'node:assert/strict';
import fs, { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ActionOutcome, digestOfText, type TaskOutcome } from '@pilothouse/contract';
import fc from 'fast-check';
import { CAPACITY_BYTES, Journal } from './journal.ts';
import { replayJournal, taskKey } from './replay-journal.ts';
import type { TaskStage } from './task-stage.ts';

const at = '2026-01-01T00:00:00.000Z';
const success: TaskOutcome = {
  kind: 'succeeded',
  exitCode: 0,
  signal: null,
  startedAt: at,
  endedAt: at,
  output: null,
  error: null,
  result: null,
};
const startOf = (n: number) => ({
  taskId: `t_${n}`,
  attempt: 1,
  planDigest: 'a'.repeat(64),
  stepIndex: n,
  at,
  isDryRun: false,
  serverTimeMs: Date.parse(at),
  expiresAt: '2026-01-02T00:00:00.000Z',
});

function withJournal(run: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'journal-'));
  try {
    run(join(directory, 'journal'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('what was started and ended is there after the file is opened again', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    journal.started(startOf(1));
    journal.started(startOf(2));
    journal.ended(startOf(1), success);
    journal.close();

    const again = Journal.open(path);

    assert.equal(again.tasks.get('t_1#1')?.outcome?.kind, 'succeeded');
    assert.equal(again.tasks.get('t_2#1')?.outcome, null);
    assert.ok(again.hasRun(startOf(2)));
    again.close();
  });
});

test('cut at any byte, it never invents an outcome and never forgets a start that was whole', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    for (const n of [1, 2, 3]) journal.started(startOf(n));
    for (const n of [1, 3]) journal.ended(startOf(n), success);
    journal.close();
    const bytes = readFileSync(path);
    const used = bytes.indexOf(0);
    const whole = replayJournal(bytes);

    fc.assert(
      fc.property(fc.integer({ min: 0, max: used }), fc.nat(255), (cut, junk) => {
        const torn = Buffer.from(bytes);
        torn.fill(junk, cut);

        const state = replayJournal(torn);

        const lines = bytes.subarray(0, cut).toString().split('\n').length - 1;
        assert.equal(state.ledger.size, Math.min(lines, 3));
        for (const [key, task] of state.tasks) {
          if (task.outcome !== null) assert.deepEqual(task.outcome, whole.tasks.get(key)?.outcome);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('an acknowledged task leaves the list but stays in the ledger until it expires', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    let n = 0;
    while (journal.hasRoom(Date.parse(at)) && n < 1200) {
      journal.started(startOf(n));
      journal.ended(startOf(n), success);
      journal.saved(startOf(n));
      n += 1;
    }

    assert.equal(n, 1200, 'compaction makes room');
    assert.equal(journal.tasks.size, 0);
    assert.ok(journal.hasRun(startOf(0)));
    journal.close();
    assert.ok(Journal.open(path).hasRun(startOf(0)));
  });
});

test('refuses new tasks when nothing can be dropped, and still has room for the ends of those it took', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    let n = 0;
    while (journal.hasRoom(Date.parse(at))) {
      journal.started(startOf(n));
      n += 1;
    }

    for (let i = 0; i < n; i++) journal.ended(startOf(i), success);

    assert.ok(n > 10);
    assert.equal([...journal.tasks.values()].filter((task) => task.outcome === null).length, 0);
    assert.equal(readFileSync(path).length, CAPACITY_BYTES);
    journal.close();
  });
});

test('writes over a torn end', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    journal.started(startOf(1));
    journal.close();
    const bytes = readFileSync(path);
    const used = bytes.indexOf(0);
    bytes.write('0123456789abcdef {"kind":"ended"', used);
    writeFileSync(path, bytes);

    const again = Journal.open(path);
    again.started(startOf(2));
    again.close();

    assert.deepEqual([...Journal.open(path).tasks.keys()], [taskKey(startOf(1)), taskKey(startOf(2))]);
  });
});

test('a dry run does not stand in the way of the run of the same step, and a later attempt bars earlier ones', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    journal.started({ ...startOf(1), isDryRun: true });
    assert.ok(!journal.hasRun(startOf(1)));
    journal.started({ ...startOf(1), taskId: 't_run', attempt: 2 });
    journal.close();

    const again = Journal.open(path);

    assert.ok(again.hasRun(startOf(1)));
    assert.ok(again.hasRun({ ...startOf(1), attempt: 2 }));
    assert.ok(!again.hasRun({ ...startOf(1), attempt: 3 }));
    assert.equal(again.serverTimeFloorMs, Date.parse(at));
    again.close();
  });
});

test('a record that could not be read back is refused before it is written', () => {
  withJournal((path) => {
    const journal = Journal.open(path);

    assert.throws(() => journal.started({ ...startOf(1), serverTimeMs: 0.5 }));
    journal.started(startOf(2));
    journal.close();
    assert.deepEqual([...Journal.open(path).tasks.keys()], [taskKey(startOf(2))]);
  });
});

const actionOf = (action: string): ActionOutcome => ({
  action,
  kind: 'succeeded',
  exitCode: 0,
  error: null,
  result: null,
});
const rebooting: TaskStage = {
  kind: 'rebooting',
  index: 1,
  action: 'host.reboot',
  withinMs: 60_000,
  bootIdBefore: 'b1',
  state: {},
  askedAtMs: 1,
  askedServerMs: 2,
};

test('the stage of a task and the actions that ended survive, also a compaction', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    journal.started({ ...startOf(0), actions: 3 });
    journal.actionEnded(startOf(0), actionOf('a.first'));
    journal.stage(startOf(0), rebooting);
    for (let n = 1; n < 1200 && journal.hasRoom(Date.parse(at)); n++) {
      journal.started(startOf(n));
      journal.ended(startOf(n), success);
      journal.saved(startOf(n));
    }
    journal.close();

    const again = Journal.open(path);

    assert.deepEqual(again.tasks.get('t_0#1')?.actions, [actionOf('a.first')]);
    assert.deepEqual(again.tasks.get('t_0#1')?.stage, rebooting);
    again.actionEnded(startOf(0), actionOf('host.reboot'));
    assert.equal(again.tasks.get('t_0#1')?.stage, null, 'a stage ends with its action');
    again.close();
  });
});

test('cut at any byte in the middle of stages, no stage and no end of an action is invented', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    journal.started({ ...startOf(1), actions: 2 });
    journal.actionEnded(startOf(1), actionOf('a.first'));
    journal.stage(startOf(1), rebooting);
    journal.stage(startOf(1), null);
    journal.actionEnded(startOf(1), actionOf('host.reboot'));
    journal.ended(startOf(1), success);
    journal.close();
    const bytes = readFileSync(path);
    const used = bytes.indexOf(0);
    const expected = [
      [0, null],
      [1, null],
      [1, 'rebooting'],
      [1, null],
      [2, null],
      [2, null],
    ];

    fc.assert(
      fc.property(fc.integer({ min: 0, max: used }), fc.nat(255), (cut, junk) => {
        const torn = Buffer.from(bytes);
        torn.fill(junk, cut);

        const task = replayJournal(torn).tasks.get('t_1#1');

        const lines = bytes.subarray(0, cut).toString().split('\n').length - 1;
        assert.deepEqual(
          task === undefined ? undefined : [task.actions.length, task.stage?.kind ?? null],
          expected[lines - 1],
        );
        assert.equal(task?.outcome ?? null, lines === 6 ? task?.outcome : null);
      }),
      { numRuns: 500 },
    );
  });
});

test('a plain task writes only what the first released agent reads', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    journal.started(startOf(1));
    journal.ended(startOf(1), success);
    journal.saved(startOf(1));
    journal.close();

    const kinds = readFileSync(path, 'utf8').match(/"kind":"[a-z-]+","taskId"/g);

    assert.deepEqual(
      kinds,
      ['started', 'ended', 'saved'].map((kind) => `"kind":"${kind}","taskId"`),
    );
  });
});

test('the journal of the first released agent is read', () => {
  withJournal((path) => {
    // As that agent wrote it; its records had neither conditions nor stages.
    const lines = [
      { kind: 'time', serverTimeMs: 1_767_225_600_000 },
      { kind: 'ran', taskId: 't_7', attempt: 2, planDigest: 'b'.repeat(64), stepIndex: 4, expiresAt: at },
      { kind: 'started', ...startOf(1) },
      { kind: 'ended', taskId: 't_1', attempt: 1, outcome: success },
      { kind: 'started', ...startOf(2) },
    ].map((record) => JSON.stringify(record));
    writeFileSync(path, lines.map((json) => `${digestOfText(json).slice(0, 16)} ${json}\n`).join(''));

    const journal = Journal.open(path);

    assert.equal(journal.tasks.get('t_1#1')?.outcome?.kind, 'succeeded');
    assert.equal(journal.tasks.get('t_2#1')?.outcome, null);
    assert.ok(journal.hasRun({ planDigest: 'b'.repeat(64), stepIndex: 4, attempt: 2 }));
    journal.close();
  });
});

test('on a disk that takes nothing any more no task begins, and the end of one that runs is known to this process', (t) => {
  withJournal((path) => {
    const journal = Journal.open(path);
    journal.started(startOf(1));
    const failing = t.mock.method(fs, 'writeSync', () => {
      throw Object.assign(new Error('read-only file system'), { code: 'EROFS' });
    });
    syncBuiltinESMExports();

    assert.throws(() => journal.started(startOf(2)), { code: 'EROFS' });
    assert.equal(journal.ended(startOf(1), success), false);

    assert.equal(journal.hasRun(startOf(2)), false);
    assert.equal(journal.tasks.get('t_1#1')?.outcome?.kind, 'succeeded');
    assert.equal(Journal.open(path).tasks.get('t_1#1')?.outcome, null, 'nobody else takes it for written');
    journal.saved(startOf(1));
    assert.equal(journal.tasks.size, 0);
    failing.mock.restore();
    syncBuiltinESMExports();
    journal.close();
  });
});
