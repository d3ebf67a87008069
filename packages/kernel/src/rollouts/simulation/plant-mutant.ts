/**
 * Started with `--import` before a simulation: puts one mistake into the sources as they are loaded, so that nothing is
 * copied and nothing is left behind. Which one is the number in PILOTHOUSE_MUTANT.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { WIRE_MUTANTS } from '../wire-simulation/wire-mutants.ts';
import { MUTANTS } from './mutants.ts';

// First those of the rules, then those of the wire.
const mutant = [...MUTANTS, ...WIRE_MUTANTS][Number(process.env['PILOTHOUSE_MUTANT'] ?? '-1')];
if (mutant !== undefined) {
  const target = new URL(`../${mutant.file}`, import.meta.url).href;
  registerHooks({
    load(url, context, next) {
      if (url !== target) return next(url, context);
      const text = readFileSync(fileURLToPath(url), 'utf8');
      if (text.split(mutant.find).length !== 2) throw new Error(`no single place for: ${mutant.name}`);
      return {
        format: 'module-typescript',
        source: text.replace(mutant.find, () => mutant.replace),
        shortCircuit: true,
      };
    },
  });
}
