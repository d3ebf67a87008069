/** `npm run sim -- [wire] --seeds N [--from K] [--hosts N] [--workers N]`: rollouts in simulated worlds. */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { openSimulation, type WorldKind } from './simulations.ts';

const USAGE = `Usage: npm run sim -- [wire] [--seeds N] [--from K] [--hosts N] [--workers N]
  wire         worlds of bytes and disks instead of worlds of rules
  --seeds N    so many worlds, one after the other (default 200)
  --from K     the first seed (default 1); with --seeds 1 exactly this one
  --hosts N    hosts of every world, at most 10000, instead of a number that follows from the seed
  --workers N  threads that share the seeds (default 2)
  --stop       end at the first world that breaks an invariant; one thread
`;
const HOSTS_MAX = 10_000;
/** Worlds between two words to whoever waits. */
const SEEDS_PER_WORD = 500;

interface Wish {
  readonly kind: WorldKind;
  readonly seeds: number;
  readonly first: number;
  readonly hosts: number | null;
  readonly workers: number;
  readonly isStopping: boolean;
}

function parseWish(): Wish | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '1' },
      hosts: { type: 'string' },
      workers: { type: 'string', default: '2' },
      stop: { type: 'boolean', default: false },
    },
  });
  const [seeds, first, workers] = [Number(values.seeds), Number(values.from), Number(values.workers)];
  const hosts = values.hosts === undefined ? null : Number(values.hosts);
  const isWhole = [seeds, first, workers, hosts ?? 1].every((each) => Number.isInteger(each) && each >= 1);
  const [kind = 'rules'] = positionals;
  const isKnown = (kind === 'rules' || kind === 'wire') && positionals.length <= 1;
  return isKnown && isWhole && (hosts ?? 1) <= HOSTS_MAX
    ? { kind, seeds, first, hosts, workers, isStopping: values.stop }
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
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  const said = (failure: string | null): void => {
    done += 1;
    if (failure !== null) {
      failures += 1;
      process.stdout.write(`${failure}\n`);
    }
    if (done % SEEDS_PER_WORD !== 0) return;
    const left = ((wish.seeds - done) * seconds()) / done;
    process.stderr.write(
      `  … ${done} of ${wish.seeds} worlds, ${failures} broken, ${left.toFixed(0)} s left\n`,
    );
  };
  if (wish.seeds === 1 || wish.isStopping) {
    const simulation = await openSimulation(wish.kind, wish.hosts);
    for (let n = 0; n < wish.seeds && failures === 0; n++) said(await simulation.failureOf(wish.first + n));
  } else
    await Promise.all(
      Array.from({ length: Math.min(wish.workers, wish.seeds) }, (_, share) => runShare(wish, share, said)),
    );
  const { user, system } = process.cpuUsage();
  const perWorld = (user + system) / 1000 / Math.max(1, done);
  process.stdout.write(
    `${done} worlds in ${seconds().toFixed(1)} s, ${perWorld.toFixed(0)} ms of CPU each, ${failures} broke an invariant\n`,
  );
  // A thread that died said nothing of the rest of its share.
  return done === wish.seeds ? failures : Math.max(1, failures);
}

if (import.meta.main) {
  const wish = parseWish();
  if (wish === null) process.stderr.write(USAGE);
  process.exitCode = wish === null ? 2 : (await runAll(wish)) > 0 ? 1 : 0;
}
