import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.ts';

/** The hardest to find takes some sixty worlds. */
const SEEDS_MAX = 400;

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** What the simulation says of the sources with one mistake in them. */
function simulate(mutant: number): Promise<{ readonly code: number; readonly said: string }> {
  const args = [
    '--import',
    pathOf('./plant-mutant.ts'),
    pathOf('./main.ts'),
    '--stop',
    '--seeds',
    `${SEEDS_MAX}`,
  ];
  const env = { ...process.env, PILOTHOUSE_MUTANT: String(mutant) };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr }),
    );
  });
}

for (const [number, { name }] of MUTANTS.entries())
  test(`the simulation finds that ${name}`, async () => {
    const { code, said } = await simulate(number);

    assert.equal(code, 1, said);
    assert.match(said, /^seed \d+: .*[\s\S]*again: npm run sim -- --seeds 1 --from \d+/m);
  });
