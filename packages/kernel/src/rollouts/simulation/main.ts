/** `npm run sim -- --seeds N [--seed S] [--hosts N] [--workers N]`: the rollout engine and driver in simulated worlds. */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { runSeed } from './run-seed.ts';

const USAGE = `Usage: npm run sim -- [--seeds N] [--seed S] [--hosts N] [--workers N]
  --seeds N    so many worlds, one after the other (default 200)
  --seed S     the first seed (default 1); with --seeds 1 exactly this one
  --hosts N    hosts of every world, at most 10000, instead of a number that follows from the seed
  --workers N  threads that share the seeds (default 2)
  --stop       end at the first world that breaks an invariant; one thread
`;
const HOSTS_MAX = 10_000;
/** Worlds between two words to whoever waits. */
const SEEDS_PER_WORD = 500;

interface Wish {
  readonly seeds: number;
  readonly first: number;
  readonly hosts: number | null;
  readonly workers: number;
  readonly isStopping: boolean;
}

function parseWish(): Wish | null {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      hosts: { type: 'string' },
      workers: { type: 'string', default: '2' },
      stop: { type: 'boolean', default: false },
    },
  });
  const [seeds, first, workers] = [Number(values.seeds), Number(values.seed), Number(values.workers)];
  const hosts = values.hosts === undefined ? null : Number(values.hosts);
  const isWhole = [seeds, first, workers, hosts ?? 1].every((each) => Number.isInteger(each) && each >= 1);
  return isWhole && (hosts ?? 1) <= HOSTS_MAX
    ? { seeds, first, hosts, workers, isStopping: values.stop }
    : null;
}

/** The failures of one thread's share: every `workers`-th seed from `first + share`. */
function runShare(wish: Wish, share: number, said: (failure: string | null) => void): Promise<void> {
  const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), { workerData: { wish, share } });
  return new Promise((resolve, reject) => {
    worker.on('message', said);
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}

async function runAll(wish: Wish): Promise<number> {
  let done = 0;
  let failures = 0;
  const startedAt = performance.now();
  const said = (failure: string | null): void => {
    done += 1;
    if (failure !== null) {
      failures += 1;
      process.stdout.write(`${failure}\n`);
    }
    if (done % SEEDS_PER_WORD === 0) process.stderr.write(`  … ${done} worlds\n`);
  };
  if (wish.seeds === 1 || wish.isStopping)
    for (let n = 0; n < wish.seeds && failures === 0; n++) said(await failureOf(wish.first + n, wish.hosts));
  else
    await Promise.all(
      Array.from({ length: Math.min(wish.workers, wish.seeds) }, (_, share) => runShare(wish, share, said)),
    );
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${done} worlds in ${seconds} s, ${failures} broke an invariant\n`);
  // A thread that died said nothing of the rest of its share.
  return done === wish.seeds ? failures : Math.max(1, failures);
}

/** What to say of a seed that failed, with how to see it again; null when it did not. */
export async function failureOf(seed: number, hosts: number | null): Promise<string | null> {
  try {
    await runSeed(seed, hosts);
    return null;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const size = hosts === null ? '' : ` --hosts ${hosts}`;
    return `${said}\n  again: npm run sim -- --seeds 1 --seed ${seed}${size}`;
  }
}

if (import.meta.main) {
  const wish = parseWish();
  if (wish === null) process.stderr.write(USAGE);
  process.exitCode = wish === null ? 2 : (await runAll(wish)) > 0 ? 1 : 0;
}
