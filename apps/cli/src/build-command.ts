/** Turns verbs as data into commander's commands, which read the line; what they read is typed again by the specs. */
import { type AnyCommand, type OptionSpec, textWidth } from '@pilothouse/cli-kit';
import type { Message } from '@pilothouse/contract';
import { Argument, Command, Option } from 'commander';
import type { Verb } from './command-catalogue.ts';
import { globalOptions } from './global-options.ts';

export interface BuildWorld {
  readonly say: (message: Message) => string;
  readonly columns: number;
  readonly write: (text: string) => void;
  /** Called with the command that the line names and the words given for each of its arguments and options. */
  readonly run: (command: AnyCommand, raw: RawInput) => Promise<void>;
}

type RawValues = ReadonlyMap<string, readonly string[]>;
export interface RawInput {
  readonly args: RawValues;
  readonly options: RawValues;
  readonly globals: RawValues;
}

const TITLES: Readonly<Record<string, Message>> = {
  'Usage:': { en: 'Usage:', zh: '用法：' },
  'Arguments:': { en: 'Arguments:', zh: '参数：' },
  'Options:': { en: 'Options:', zh: '选项：' },
  'Commands:': { en: 'Commands:', zh: '子命令：' },
};
const EXAMPLES: Message = { en: 'Examples:', zh: '示例：' };
const HELP: Message = { en: 'Show this help', zh: '显示本帮助' };
const GLOBALS: Message = {
  en: 'Options of every command (--json, --lang, --server …): pilothouse --help',
  zh: '所有命令通用的选项（--json、--lang、--server 等）：pilothouse --help',
};

/** The program with one verb and its subcommands: the one that the line names. */
export function buildProgram(verb: Verb, commands: readonly AnyCommand[], world: BuildWorld): Command {
  const program = newCommand('pilothouse', verb.summary, world);
  const root = newCommand(verb.name, verb.summary, world);
  for (const spec of commands) {
    const subName = spec.path.split(' ')[1];
    const command = subName === undefined ? root : newCommand(subName, spec.summary, world);
    fillCommand(command, spec, world);
    if (subName !== undefined) root.addCommand(command);
  }
  if (!commands.some((spec) => spec.path === verb.name)) root.action(() => root.help());
  program.addCommand(root);
  addOptions(program, globalOptions, { world, isHidden: true });
  return program;
}

function newCommand(name: string, summary: Message, world: BuildWorld): Command {
  return new Command(name)
    .summary(world.say(summary))
    .description(world.say(summary))
    .helpOption('-h, --help', world.say(HELP))
    .helpCommand(false)
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({
      writeOut: world.write,
      // Complaints are told by report-error, in the reader's language.
      writeErr: () => {},
      getOutHelpWidth: () => world.columns,
      getOutHasColors: () => false,
    })
    .configureHelp({
      displayWidth: textWidth,
      styleTitle: (title) => {
        const message = TITLES[title];
        return message === undefined ? title : world.say(message);
      },
    });
}

function fillCommand(command: Command, spec: AnyCommand, world: BuildWorld): void {
  const { say } = world;
  if (spec.details !== undefined) command.description(`${say(spec.summary)}\n\n${say(spec.details)}`);
  for (const [name, argument] of Object.entries(spec.arguments)) {
    const shown = toKebab(name);
    const form = { one: `<${shown}>`, optional: `[${shown}]`, rest: `[${shown}...]` }[argument.takes];
    command.addArgument(new Argument(form, say(argument.about)));
  }
  addOptions(command, spec.options, { world, isHidden: false });
  addOptions(command, globalOptions, { world, isHidden: true });
  if (spec.passThrough === true) command.passThroughOptions();
  const examples = spec.examples.flatMap(({ line, about }) => [`  # ${say(about)}`, `  ${line}`]);
  command.addHelpText('after', `\n${say(EXAMPLES)}\n${examples.join('\n')}\n\n${say(GLOBALS)}`);
  command.action(async (...given: unknown[]) => {
    const values = Object.keys(spec.arguments).map((name, i): [string, readonly string[]] => [
      name,
      wordsOf(given[i]),
    ]);
    const local: Record<string, unknown> = command.opts();
    const program: Record<string, unknown> = command.optsWithGlobals();
    await world.run(spec, {
      args: new Map(values),
      options: rawOptions(spec.options, local),
      globals: rawOptions(globalOptions, { ...program, ...local }),
    });
  });
}

function addOptions(
  command: Command,
  specs: Readonly<Record<string, OptionSpec>>,
  options: { readonly world: BuildWorld; readonly isHidden: boolean },
): void {
  for (const [name, spec] of Object.entries(specs)) {
    const short = spec.short === undefined ? '' : `-${spec.short}, `;
    const value = spec.takes === 'nothing' ? '' : ` <${spec.placeholder ?? 'VALUE'}>`;
    const option = new Option(`${short}--${toKebab(name)}${value}`, options.world.say(spec.about));
    // commander turns --no-x into x = false; here it is an option of its own like every other.
    option.attributeName = () => name;
    option.negate = false;
    if (spec.takes !== 'nothing') {
      option.argParser((word: string, before: readonly string[] | undefined) => [...(before ?? []), word]);
    }
    if (options.isHidden) option.hideHelp();
    command.addOption(option);
  }
}

const rawOptions = (specs: Readonly<Record<string, OptionSpec>>, given: Record<string, unknown>): RawValues =>
  new Map(Object.keys(specs).map((name) => [name, wordsOf(given[name])]));

const wordsOf = (value: unknown): readonly string[] => {
  if (value === undefined || value === false) return [];
  if (value === true) return ['true'];
  // commander gives text, or the list of texts that argParser has gathered.
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
};

/** noColor → no-color. */
export const toKebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
