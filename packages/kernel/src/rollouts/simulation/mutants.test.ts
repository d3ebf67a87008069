import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.ts';

/** A change of the moves is a change of all worlds: the hardest to find may then take some seventy. */
const SEEDS_MAX = 400;

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** What the simulation says of the sources with one mistake in them. */
function simulate(
  mutant: number,
  wish: readonly string[],
): Promise<{ readonly code: number; readonly said: string }> {
  const args = ['--import', pathOf('./plant-mutant.ts'), pathOf('./main.ts'), ...wish];
  const env = { ...process.env, PILOTHOUSE_MUTANT: String(mutant) };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr }),
    );
  });
}

for (const [number, { name, from = 1 }] of MUTANTS.entries())
  test(`the simulation finds that ${name}`, async () => {
    const { code, said } = await simulate(number, ['--stop', '--from', `${from}`, '--seeds', `${SEEDS_MAX}`]);

    assert.equal(code, 1, said);
    assert.match(said, /^seed \d+: .*[\s\S]*again: npm run sim -- --seeds 1 --from \d+/m);
  });

test('a seed that fails does so again at the same move, with the command that was printed for it', async () => {
  const first = await simulate(0, ['--stop', '--seeds', `${SEEDS_MAX}`]);
  const [, wish = ''] = /again: npm run sim -- (.*)/.exec(first.said) ?? [];
  const second = await simulate(0, wish.split(' '));

  assert.equal(tellOf(second.said), tellOf(first.said));
  assert.match(tellOf(first.said), /last moves: /);
});

/** What is said of the seed, without how long it took. */
const tellOf = (said: string): string => said.slice(said.indexOf('seed '), said.indexOf('again: '));
