/** For tests: the whole command line in memory, over a real connection to a scripted server. */
import type { Clock } from '@pilothouse/base';
import type { ExitCode, Terminal } from '@pilothouse/cli-kit';
import { type CliConfig, configDirectory, readConfig, writeConfig } from './config-file.ts';
import type { Sites } from './connect-site.ts';
import { pluginErrors } from './plugins.ts';
import { type CliWorld, runCli } from './run-cli.ts';
import { connectServer } from './server-fetch.ts';
import { verbGroups } from './verbs.ts';

export interface TestRun {
  readonly exit: ExitCode;
  readonly out: string;
  readonly err: string;
}

export interface TestCliOptions {
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What a person answers, in order; null: nobody is there. */
  readonly answers?: readonly string[] | null;
  readonly input?: string;
  readonly isTty?: boolean;
  readonly columns?: number;
  readonly signal?: AbortSignal;
  /** Called instead of a pause. */
  readonly pause?: () => void;
  readonly sites?: Partial<Sites>;
  readonly config?: CliConfig;
}

export const TEST_NOW = Date.parse('2026-01-02T03:04:05.000Z');

/** Stands still; timers never fire, so a test says itself what happens. */
const stillClock: Clock = {
  now: () => TEST_NOW,
  monotonic: () => 0,
  after: () => () => {},
  every: () => () => {},
};

export async function runTestCli(line: readonly string[], options: TestCliOptions): Promise<TestRun> {
  let out = '';
  let err = '';
  const answers = [...(options.answers ?? [])];
  const terminal: Terminal = {
    isOutputTty: options.isTty ?? false,
    isErrorTty: options.isTty ?? false,
    isInputTty: options.answers !== undefined && options.answers !== null,
    columns: options.columns ?? 100,
    rows: 24,
    hasColour: false,
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    ask: async (question) => {
      err += `${question}\n`;
      return answers.shift() ?? null;
    },
    readInput: async () => options.input ?? '',
  };
  const environment = {
    PILOTHOUSE_CONFIG_HOME: options.directory,
    LANG: 'en_US.UTF-8',
    ...options.environment,
  };
  const directory = configDirectory(environment);
  if (options.config !== undefined) await writeConfig(directory, options.config);
  const world: CliWorld = {
    environment,
    terminal: () => terminal,
    clock: stillClock,
    watchWorld: { wait: async () => options.pause?.(), random: () => 0 },
    signal: options.signal ?? new AbortController().signal,
    sites: {
      directory,
      readConfig: () => readConfig(directory),
      writeConfig: (config) => writeConfig(directory, config),
      connect: connectServer,
      authorityByPin: async () => 'PEM',
      presentedChain: async () => [],
      isTrustedBySystem: async () => true,
      ...options.sites,
    },
    verbs: verbGroups,
    pluginErrors,
  };
  const exit = await runCli(world, line);
  return { exit, out, err };
}
