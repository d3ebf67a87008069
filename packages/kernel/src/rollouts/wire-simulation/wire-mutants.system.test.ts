import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from '../simulation/mutants.ts';
import { WIRE_MUTANTS } from './wire-mutants.ts';

const SEEDS_MAX = 400;

const pathOf = (file: string): string => fileURLToPath(new URL(`../simulation/${file}`, import.meta.url));

for (const [number, { name, from = 1 }] of WIRE_MUTANTS.entries())
  test(`worlds of bytes find that ${name}`, async () => {
    const args = ['--import', pathOf('plant-mutant.ts'), pathOf('main.ts'), 'wire', '--stop'];
    const env = { ...process.env, PILOTHOUSE_MUTANT: String(MUTANTS.length + number) };

    const said = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        [...args, '--from', `${from}`, '--seeds', `${SEEDS_MAX}`],
        { env },
        (_error, stdout, stderr) => resolve(stdout + stderr),
      );
    });

    assert.match(said, /^seed \d+: .*[\s\S]*again: npm run sim -- wire --seeds 1 --from \d+/m);
  });
