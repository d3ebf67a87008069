/** `npm run bench -- fleet [--hosts N] [--json FILE]` */
import { parseArgs } from 'node:util';
import { benchFleet } from './fleet.ts';
import { printReport } from './report.ts';

const BENCHES = { fleet: benchFleet };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { hosts: { type: 'string', default: '1000' }, json: { type: 'string' } },
});
const name = positionals[0] ?? '';
const bench = Object.entries(BENCHES).find(([known]) => known === name)?.[1];
if (bench === undefined) {
  process.stderr.write(
    `Usage: npm run bench -- NAME [--hosts N] [--json FILE]\nNames: ${Object.keys(BENCHES).join(', ')}\n`,
  );
  process.exitCode = 2;
} else {
  printReport(await bench(Number(values.hosts)), values.json);
}
