/**
 * `npm run fuzz [-- --minutes N] [--seed N] [FILE …]`: the properties of hostile bytes for long, one file after the other.
 * Each property of a file runs for N minutes (1 when it is not said), or until it finds something; its seed repeats it.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } },
});
const files =
  positionals.length > 0 ? positionals : globSync('{packages,apps,plugins}/**/*.fuzz.test.ts').sort();
let failed = 0;
for (const file of files) {
  process.stdout.write(`\n${file}\n`);
  const { status } = spawnSync(process.execPath, ['--test', file], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PILOTHOUSE_FUZZ_MINUTES: values.minutes,
      ...(values.seed === undefined ? {} : { PILOTHOUSE_FUZZ_SEED: values.seed }),
    },
  });
  if (status !== 0) failed += 1;
}
process.stdout.write(`\n${files.length} files, ${failed} with something found\n`);
process.exitCode = failed === 0 && files.length > 0 ? 0 : 1;
