/**
 * Loaded into the server of a benchmark before its own code (`--import`): answers, over a Unix socket of its own, what only
 * the process itself knows. The product has no such door.
 */
import { Session } from 'node:inspector/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { isMainThread } from 'node:worker_threads';
import type { ProbeAnswers, ProbeQuestion, Stall } from './probe-protocol.ts';
import type { ProcessorProfile } from './stall-causes.ts';

/** How often the event loop is looked at. */
const TICK_MS = 5;
/** What DESIGN allows nothing to exceed. */
const STALL_MS = 50;
const STALLS_KEPT_MAX = 1000;
/** The collector frees in steps: what a finaliser releases is garbage of the next round. */
const COLLECTIONS = 6;

// The runtime loads this file into the store's threads, too; what is measured is the thread that serves.
// Each of several processes has a socket of its own.
if (isMainThread) serve(`${process.env['BENCH_PROBE_SOCKET']}.${process.pid}`);

function serve(path: string): void {
  const answers = { memory, stalls: watchLoop(), ...profiling() };
  createServer((socket) => {
    createInterface({ input: socket }).on('line', (line) => {
      // The only peer is the benchmark that started this process.
      const question = line as ProbeQuestion;
      answers[question]().then(
        (answer) => socket.write(`${JSON.stringify(answer)}\n`),
        (cause: unknown) => socket.destroy(cause instanceof Error ? cause : new Error(String(cause))),
      );
    });
  })
    // A process of a cluster would share it with the others.
    .listen({ path, exclusive: true })
    .unref();
}

/** Gives the stalls since it was last asked. */
function watchLoop(): () => Promise<readonly Stall[]> {
  let stalls: Stall[] = [];
  let last = performance.now();
  let lastCpu = process.threadCpuUsage();
  setInterval(() => {
    const now = performance.now();
    const cpu = process.threadCpuUsage();
    const wallMs = now - last - TICK_MS;
    const cpuMs = (cpu.user + cpu.system - lastCpu.user - lastCpu.system) / 1000;
    last = now;
    lastCpu = cpu;
    if (wallMs > STALL_MS && stalls.length < STALLS_KEPT_MAX) {
      stalls.push({ endedAtUs: Number(process.hrtime.bigint() / 1000n), wallMs, cpuMs });
    }
  }, TICK_MS).unref();
  return async () => {
    const seen = stalls;
    stalls = [];
    return seen;
  };
}

async function memory(): Promise<ProbeAnswers['memory']> {
  for (let round = 0; round < COLLECTIONS; round++) {
    // The runtime is started with --expose-gc.
    (globalThis as unknown as { gc: () => void }).gc(); // The server is started with --expose-gc.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage();
}

function profiling() {
  const profiler = new Session();
  profiler.connect();
  return {
    'profile-start': async () => {
      await profiler.post('Profiler.enable');
      await profiler.post('Profiler.setSamplingInterval', { interval: 1000 });
      await profiler.post('Profiler.start');
      return null;
    },
    'profile-stop': async () => {
      const { profile } = await profiler.post('Profiler.stop');
      // A profile that samples were asked for has them.
      return profile as ProcessorProfile;
    },
  };
}
