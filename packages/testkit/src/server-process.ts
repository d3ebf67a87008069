import { type ChildProcess, spawn } from 'node:child_process';

export interface ServerProcessOptions {
  /** The server's entry file. */
  readonly entry: string;
  readonly dataDirectory: string;
  readonly listen: string;
  readonly gatewayListen: string;
  readonly advertise: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Options of the runtime, such as `--expose-gc`. */
  readonly runtimeOptions?: readonly string[];
  /** What stands before the program: `ip netns exec NAME`, which becomes the program itself. */
  readonly before?: readonly string[];
}

/** A real server in a process of its own, which a test may end as it likes. */
export interface ServerProcess {
  readonly pid: number;
  /** From the first start's output; null once there is an administrator. */
  readonly setupCode: string | null;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Everything it wrote. */
  log(): string;
}

/** A start takes a second or two; a machine with ten other programs on each processor needs many times that. */
const READY_TIMEOUT_MS = 120_000;

/** Starts it and waits for the line that says it is ready. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const own = [process.execPath, ...(options.runtimeOptions ?? []), options.entry] as const;
  const [program, ...args] = [...(options.before ?? []), ...own];
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PILOTHOUSE_DATA: options.dataDirectory,
      PILOTHOUSE_LISTEN: options.listen,
      PILOTHOUSE_GATEWAY_LISTEN: options.gatewayListen,
      PILOTHOUSE_ADVERTISE: options.advertise,
      PILOTHOUSE_LANG: 'en',
      ...options.environment,
    },
  });
  let output = '';
  const keep = (piece: Buffer): void => {
    output = (output + piece.toString('utf8')).slice(-1024 * 1024);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await untilReady(child, () => output);
  return {
    pid: child.pid ?? 0,
    setupCode: /\/setup#(\S+)/.exec(output)?.[1] ?? null,
    log: () => output,
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await ended;
    },
    ended,
  };
}

function untilReady(child: ChildProcess, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`server ${why}:\n${output().slice(-4000)}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`was not ready after ${READY_TIMEOUT_MS} ms`);
    }, READY_TIMEOUT_MS);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
    child.stdout?.on('data', () => {
      if (!output().includes('Pilothouse is ready')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
