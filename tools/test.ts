/**
 * `npm test [unit|system|postgres|stories …]`: every test, group by group. Fails when one was skipped or a group found none.
 * No lane of them keeps two cores busy alone, so lanes run beside each other; what is printed stays one group after another.
 * What hangs is ended and named: a test after TEST_MINUTES_MAX, whatever still runs after RUN_MINUTES_MAX.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { postgresCluster } from '@pilothouse/testkit/postgres';
import { labLacks } from '../lab/lab.ts';
import { type TestGroup, testGroups } from './test-groups.ts';
import { type Turn, takeTurns } from './turns.ts';

/** The longest takes three on a machine that does nothing else. */
const TEST_MINUTES_MAX = 15;
/** Three times what all of them take there. */
const RUN_MINUTES_MAX = 60;
/** What a group that is ended may still say. */
const LAST_WORDS_MS = 5_000;

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

async function runGroup(group: TestGroup, turn: Turn): Promise<Totals> {
  const cluster = group.isOnPostgres === true ? await postgresCluster() : null;
  try {
    const url = cluster?.administrationUrl;
    return await runFiles(group, url === undefined ? {} : { PILOTHOUSE_TEST_POSTGRES: url }, turn);
  } finally {
    await cluster?.remove();
  }
}

function runFiles(
  group: TestGroup,
  environment: Readonly<Record<string, string>>,
  turn: Turn,
): Promise<Totals> {
  const limit = `--test-timeout=${TEST_MINUTES_MAX * 60_000}`;
  const args = ['--test', '--test-reporter=spec', limit, ...group.nodeArguments, ...group.files];
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      // Hundreds of processes run the same code: it is compiled once.
      env: { NODE_COMPILE_CACHE: resolve('.cache/compiled'), ...process.env, ...environment },
    });
    const tooLong = setTimeout(
      () => {
        turn.write(`\n${group.name}: not over after ${RUN_MINUTES_MAX} minutes\n`);
        // Names the files that it ends.
        child.kill('SIGTERM');
        setTimeout(() => {
          child.kill('SIGKILL');
          // What it left behind may hold its output open.
          child.stdout.destroy();
        }, LAST_WORDS_MS).unref();
      },
      RUN_MINUTES_MAX * 60_000 - performance.now(),
    );
    let tail = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      turn.write(piece);
      tail = (tail + piece).slice(-64 * 1024);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(tooLong);
      const count = (word: string): number =>
        Number([...tail.matchAll(new RegExp(`ℹ ${word} (\\d+)`, 'g'))].at(-1)?.[1] ?? 0);
      const failed = count('fail') + count('cancelled');
      settle({
        passed: count('pass'),
        failed: code === 0 ? failed : Math.max(failed, 1),
        skipped: count('skipped') + count('todo'),
      });
    });
  });
}

const wanted = process.argv.slice(2);
const groups = testGroups().filter((group) => wanted.length === 0 || wanted.includes(group.name));
const needsLab = groups.some((group) => group.name === 'stories' && group.files.length > 0);
const lacks = needsLab ? await labLacks() : [];
if (lacks.length > 0) {
  process.stderr.write(
    `The stories need the lab, and the lab lacks:\n  ${lacks.join('\n  ')}\nRun: npm run setup\n`,
  );
  process.exit(2);
}
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
const nextTurn = takeTurns((piece) => process.stdout.write(piece));
const queued = groups.filter((group) => group.files.length > 0).map((group) => ({ group, turn: nextTurn() }));

async function runLane(lane: typeof queued): Promise<void> {
  for (const { group, turn } of lane) {
    turn.write(`\n${group.name}: ${group.files.length} files\n`);
    const result = await runGroup(group, turn);
    totals.passed += result.passed;
    totals.failed += result.failed;
    totals.skipped += result.skipped;
    turn.end();
  }
}

await Promise.all(Object.values(Object.groupBy(queued, ({ group }) => group.lane)).map(runLane));
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.passed > 0 && totals.failed === 0 && totals.skipped === 0 ? 0 : 1;
