/** `npm run bench -- NAME… | all [--hosts N] [--json FILE] [--profile DIRECTORY] [--fleets DIRECTORY]` */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCHES } from './benches.ts';
import type { Benchmark } from './benchmark.ts';
import type { Report } from './figure.ts';
import { abandonOnSignals, undoWhenAbandoned } from './frame/abandon.ts';
import { preparedFleets } from './frame/prepared-fleets.ts';
import { jsonOf, tableOf } from './report.ts';

/** Enough to see a leak of 20 kB each; 100,000 by hand. */
const CYCLES = 1_600;
/** All together are to end within a quarter of an hour. */
const CYCLES_OF_ALL = CYCLES / 2;

const USAGE = `Usage: npm run bench -- NAME… [--hosts N] [--json FILE] [--profile DIRECTORY] [--fleets DIRECTORY]
                          [--meshcentral DIRECTORY] [--cycles N] [--processes N]
Names: ${Object.keys(BENCHES).join(', ')}, all
  --hosts N            instead of each benchmark's own number, which for all together is smaller
  --json FILE          writes the figures there, too
  --profile DIRECTORY  writes a processor profile of the server there (opens in the browser's developer tools)
  --fleets DIRECTORY   keeps enrolled fleets there, and uses what an earlier run kept
  --meshcentral DIRECTORY
                       where the peer MeshCentral is, or npm may install it; otherwise it goes with the run
  --cycles N           of the agent's soak; ${CYCLES} when not said, of all ${CYCLES_OF_ALL}
  --processes N        of the server, for memory and storm: each may have some 15,000 connections
`;

interface Wish {
  readonly names: readonly string[];
  readonly isAll: boolean;
  readonly hosts: number | null;
  readonly jsonFile: string | undefined;
  readonly profileDirectory: string | null;
  readonly fleetsDirectory: string | null;
  readonly meshDirectory: string | null;
  readonly cycles: number;
  readonly processes: number;
}

function parseWish(): Wish | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      hosts: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      fleets: { type: 'string' },
      meshcentral: { type: 'string' },
      cycles: { type: 'string' },
      processes: { type: 'string' },
    },
  });
  const isAll = positionals.includes('all');
  const names = isAll ? Object.keys(BENCHES) : positionals;
  const hosts = values.hosts === undefined ? null : Number(values.hosts);
  const cycles = Number(values.cycles ?? (isAll ? CYCLES_OF_ALL : CYCLES));
  const processes = Number(values.processes ?? 1);
  const isKnown = names.every((name) => Object.hasOwn(BENCHES, name));
  if (names.length === 0 || !isKnown || (hosts !== null && !(hosts >= 1))) return null;
  if (!(cycles >= 1 && processes >= 1)) return null;
  return {
    names,
    isAll,
    hosts,
    jsonFile: values.json,
    profileDirectory: values.profile ?? null,
    fleetsDirectory: values.fleets ?? null,
    meshDirectory: values.meshcentral ?? null,
    cycles,
    processes,
  };
}

async function runAll(wish: Wish): Promise<Report[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'pilothouse-bench-'));
  const say = (text: string): void => void process.stderr.write(`  … ${text}\n`);
  if (wish.profileDirectory !== null) mkdirSync(wish.profileDirectory, { recursive: true });
  abandonOnSignals(say);
  undoWhenAbandoned(() => rm(scratch, { recursive: true, force: true }));
  const fleets = preparedFleets({ directory: wish.fleetsDirectory ?? scratch, scratch, say });
  const meshDirectory = wish.meshDirectory ?? join(scratch, 'meshcentral');
  const reports: Report[] = [];
  try {
    for (const name of wish.names) {
      // Checked by parseWish.
      const bench = BENCHES[name] as Benchmark;
      const hosts = wish.hosts ?? (wish.isAll ? bench.hostsOfAll : undefined) ?? bench.hosts;
      const { profileDirectory, cycles, processes } = wish;
      const context = { hosts, fleets, profileDirectory, meshDirectory, cycles, processes, say };
      const begunAt = performance.now();
      try {
        const ran = await bench.run(context);
        const seconds = Math.round((performance.now() - begunAt) / 1000);
        const report = { name, hosts, seconds, load: loadavg()[0] ?? 0, ...ran };
        process.stdout.write(tableOf(report));
        reports.push(report);
      } catch (error) {
        // The others are worth their minutes all the same.
        process.stderr.write(`\n${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`);
        process.exitCode = 1;
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return reports;
}

const wish = parseWish();
if (wish === null) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const reports = (await runAll(wish)).map(jsonOf);
  if (wish.jsonFile !== undefined) {
    const [only] = reports;
    // One benchmark is one object, several are a list.
    writeFileSync(wish.jsonFile, `${JSON.stringify(reports.length === 1 ? only : reports, null, 2)}\n`);
  }
}
