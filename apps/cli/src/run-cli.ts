import type { Clock } from '@pilothouse/base';
import { EXIT, type ExitCode, type Terminal, type Values } from '@pilothouse/cli-kit';
import type { Patience, WatchWorld } from '@pilothouse/client';
import { AppError, type ErrorTable, type Message, renderMessage } from '@pilothouse/contract';
import { CommanderError } from 'commander';
import type { AppContext } from './app-context.ts';
import { buildProgram, type RawInput } from './build-command.ts';
import { findVerb, type VerbGroup, verbNames } from './command-catalogue.ts';
import { completions } from './complete-line.ts';
import { createConnector, type Sites } from './connect-site.ts';
import { createDescriber } from './describe-code.ts';
import { chooseLanguage, globalOptions } from './global-options.ts';
import { meantVerb } from './meant-verb.ts';
import { overallHelp } from './overall-help.ts';
import { isShown, lineError } from './read-line-error.ts';
import { reportError } from './report-error.ts';

/** All that a run of the command line takes from its process. */
export interface CliWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: (options: { readonly isColourAllowed: boolean }) => Terminal;
  readonly clock: Clock;
  readonly watchWorld: WatchWorld;
  readonly signal: AbortSignal;
  readonly sites: Sites;
  readonly verbs: readonly VerbGroup[];
  readonly pluginErrors: readonly ErrorTable[];
}

type Globals = Values<typeof globalOptions>;

/** Reads one line, runs the command that it names, and says how the process should end. Never throws. */
export async function runCli(world: CliWorld, line: readonly string[]): Promise<ExitCode> {
  const language = chooseLanguage(line, world.environment);
  const say = (message: Message, parameters = {}): string => renderMessage(message, language, parameters);
  const describe = createDescriber(language, world.pluginErrors);
  const terminal = world.terminal({ isColourAllowed: !line.includes('--no-color') });
  const isJson = isJsonWanted(line);
  try {
    if (line[0] === '__complete') {
      terminal.write(await completions(world.verbs, line.slice(1), say));
      return EXIT.ok;
    }
    return await dispatch(world, line, { language, say, describe, terminal });
  } catch (error) {
    const isDebug = (world.environment['PILOTHOUSE_DEBUG'] ?? '') !== '';
    return reportError({ terminal, say, isJson, describe }, error, isDebug);
  }
}

type Speech = Pick<AppContext, 'language' | 'say' | 'describe' | 'terminal'>;

async function dispatch(world: CliWorld, line: readonly string[], speech: Speech): Promise<ExitCode> {
  const { terminal, say } = speech;
  const name = firstWord(line);
  if (name === null || name === 'help') {
    const topic = name === 'help' ? line[line.indexOf('help') + 1] : undefined;
    if (topic !== undefined)
      return dispatch(world, [...line.slice(line.indexOf('help') + 1), '--help'], speech);
    terminal.write(overallHelp(world.verbs, say));
    return EXIT.ok;
  }
  const verb = findVerb(world.verbs, name);
  if (verb === undefined) throw unknownVerb(world.verbs, name);
  const commands = await verb.load();
  let exit: ExitCode = EXIT.ok;
  const program = buildProgram(verb, commands, {
    say,
    columns: terminal.columns,
    write: (text) => terminal.write(text),
    async run(command, raw) {
      const globals = parseAll(globalOptions, raw.globals);
      const input = {
        args: parseAll(command.arguments, raw.args),
        options: parseAll(command.options, raw.options),
      };
      const context = createContext(world, speech, globals);
      try {
        // The specs that parsed the input are the ones that typed the command's `run`.
        exit = await command.run(context, input as never);
        await keepWitness(context);
      } finally {
        context.close();
      }
    },
  });
  try {
    await program.parseAsync([...line], { from: 'user' });
  } catch (error) {
    if (isShown(error)) return EXIT.ok;
    if (error instanceof CommanderError) throw lineError(error, program, line);
    throw error;
  }
  return exit;
}

const SHORTER: Message = {
  en: 'warning: the audit log of the server ends at record {now}, but this computer has seen record {kept}. Run: pilothouse audit verify',
  zh: '警告：服务器的审计日志止于记录 {now}，但本机曾见到记录 {kept}。请运行：pilothouse audit verify',
};

/** Whoever uses the server is a witness of its audit log, without doing anything for it. */
async function keepWitness(context: AppContext): Promise<void> {
  const used = context.connector.used();
  if (used === null || context.signal.aborted) return;
  const { renewOldWitness, witnessFile } = await import('./witness.ts');
  const file = witnessFile(context.sites.directory, used.site.url);
  const news = await renewOldWitness(file, used.client, context.clock.now());
  if (news.kind === 'shorter') context.terminal.writeError(`${context.say(SHORTER, news)}\n`);
}

const NOBODY_YET: Message = {
  en: 'The server does not answer. Trying again for a few seconds.',
  zh: '服务器没有应答，将在数秒内重试。',
};

/** Servers are restarted and replaced; a person who waits for one is told so. */
const patienceOf = (world: CliWorld, { terminal, say }: Speech): Patience => ({
  ...world.watchWorld,
  monotonic: () => world.clock.monotonic(),
  waiting: () => terminal.writeError(`${say(NOBODY_YET)}\n`),
});

function createContext(world: CliWorld, speech: Speech, globals: Globals): AppContext & { close(): void } {
  const connector = createConnector({
    sites: world.sites,
    environment: world.environment,
    language: speech.language,
    signal: world.signal,
    server: globals.server,
    token: globals.token,
    patience: patienceOf(world, speech),
  });
  return {
    ...speech,
    isJson: globals.json,
    clock: world.clock,
    watchWorld: world.watchWorld,
    signal: world.signal,
    sites: world.sites,
    environment: world.environment,
    verbs: world.verbs,
    connector,
    connect: () => connector.client(),
    close: () => connector.close(),
  };
}

function unknownVerb(groups: readonly VerbGroup[], verb: string): AppError {
  const names = verbNames(groups);
  return new AppError('CLI_VERB_UNKNOWN', { verb, nearest: meantVerb(verb, names) ?? 'pilothouse --help' });
}

/** Global options that take a value, so that the value is not taken for the verb. */
const VALUED = ['--server', '--token', '--lang'];

function firstWord(line: readonly string[]): string | null {
  for (let i = 0; i < line.length; i++) {
    const word = line[i] ?? '';
    if (VALUED.includes(word)) i += 1;
    else if (!word.startsWith('-')) return word;
  }
  return null;
}

const isJsonWanted = (line: readonly string[]): boolean => {
  const end = line.indexOf('--');
  return (end === -1 ? line : line.slice(0, end)).includes('--json');
};

const parseAll = <Specs extends Readonly<Record<string, { parse(raw: readonly string[]): unknown }>>>(
  specs: Specs,
  raw: RawInput['args'],
): Values<Specs> =>
  // Each key is parsed by its own spec, which is what Values says; Object.fromEntries cannot know it.
  Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, spec.parse(raw.get(name) ?? [])]),
  ) as Values<Specs>;
