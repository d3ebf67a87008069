/**
 * `npm run fuzz [-- --minutes N] [--seed N] [--postgres] [--fronts] [FILE …]`: the properties of hostile bytes for long, one file after the
 * other. Each property of a file runs for N minutes (1 when it is not said), or until it finds something; its seed repeats it.
 * With --postgres stores are databases of a PostgreSQL that ends with the run; with --fronts routes are asked over the fronts of a
 * server of several processes.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { postgresCluster } from '@pilothouse/testkit/postgres';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    postgres: { type: 'boolean' },
    fronts: { type: 'boolean' },
  },
});
const files =
  positionals.length > 0 ? positionals : globSync('{packages,apps,plugins}/**/*.fuzz.test.ts').sort();
const cluster = values.postgres === true ? await postgresCluster() : null;
let failed = 0;
for (const file of files) {
  process.stdout.write(`\n${file}\n`);
  const { status } = spawnSync(process.execPath, ['--test', file], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PILOTHOUSE_TEST_FUZZ_MINUTES: values.minutes,
      ...(values.seed === undefined ? {} : { PILOTHOUSE_TEST_FUZZ_SEED: values.seed }),
      ...(values.fronts === true ? { PILOTHOUSE_TEST_FRONTS: '1' } : {}),
      ...(cluster === null ? {} : { PILOTHOUSE_TEST_POSTGRES: cluster.administrationUrl }),
    },
  });
  if (status !== 0) failed += 1;
}
await cluster?.remove();
process.stdout.write(`\n${files.length} files, ${failed} with something found\n`);
process.exitCode = failed === 0 && files.length > 0 ? 0 : 1;
