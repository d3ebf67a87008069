/**
 * Bundles the agent and the command line into dist/. They always run as bundles, also under `npm start`: half the memory
 * of type-stripped sources, and a single directory to put on a host. Nothing is done when the bundles are newer than
 * everything they were made of.
 */
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { bundleProgram, bundleRecord, isBundleFresh } from './bundle-record.mjs';
import { isOfNode, leanBundle } from './lean-bundle.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const APPS = ['agent', 'cli'] as const;
type App = (typeof APPS)[number];
/** Programs that run from an older build load parts of it late; these parts stay for a day. */
const STALE_AGE_MS = 86_400_000;

export interface BuiltBundles {
  /** Absolute paths of the programs. */
  readonly agent: string;
  readonly cli: string;
  /** False when everything was up to date. */
  readonly isBuilt: boolean;
}

/** Builds what is out of date, each program for itself: one that does not build keeps none of the others from being built. */
export async function buildBundles(apps: readonly App[] = APPS): Promise<BuiltBundles> {
  const results = await Promise.allSettled(apps.map(buildApp));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const isBuilt = results.some((result) => result.status === 'fulfilled' && result.value);
  return { agent: bundleProgram(ROOT, 'agent'), cli: bundleProgram(ROOT, 'cli'), isBuilt };
}

/** Ends the process that bundles, which otherwise stays as long as this one. For programs that build once and go on. */
export const endBuilder = (): void => void stop();

async function buildApp(app: App): Promise<boolean> {
  if (isBundleFresh(ROOT, app)) return false;
  const outdir = join(ROOT, 'dist', app);
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: `apps/${app}/src/main.ts` },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    metafile: true,
    // CommonJS dependencies ask for node's own modules by require, which an ES module has to make for itself.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    plugins: [...leanBundle],
    logLevel: 'error',
  });
  writeFileSync(join(outdir, 'package.json'), '{"type":"module"}\n');
  removeStale(outdir);
  const inputs = Object.keys(result.metafile.inputs).filter((input) => !isOfNode(input));
  writeFileSync(bundleRecord(ROOT, app), JSON.stringify(inputs));
  return true;
}

/** The directory itself stays: hosts of the lab have it mounted. */
function removeStale(outdir: string): void {
  for (const name of readdirSync(outdir)) {
    const path = join(outdir, name);
    if (Date.now() - statSync(path).mtimeMs > STALE_AGE_MS) rmSync(path);
  }
}

if (import.meta.main) {
  const startedAt = performance.now();
  const wanted = APPS.filter((app) => process.argv.length < 3 || process.argv.includes(app));
  const { isBuilt } = await buildBundles(wanted);
  const took = Math.round(performance.now() - startedAt);
  process.stdout.write(isBuilt ? `built ${wanted.join(' and ')} in ${took} ms\n` : 'dist is up to date\n');
}
