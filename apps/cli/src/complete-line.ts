import type { AnyCommand } from '@pilothouse/cli-kit';
import type { Message } from '@pilothouse/contract';
import { toKebab } from './build-command.ts';
import { findVerb, type VerbGroup } from './command-catalogue.ts';
import { globalOptions } from './global-options.ts';

type Candidate = readonly [word: string, about: string];

/**
 * What could follow: `words` is the line after the program's name, the last one as far as it is typed. One candidate a
 * line, `word TAB description`. Asks no server: a completion must be instant and must not need a login.
 */
export async function completions(
  groups: readonly VerbGroup[],
  words: readonly string[],
  say: (message: Message) => string,
): Promise<string> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const candidates = await candidatesFor(groups, before, typed, say);
  return candidates
    .filter(([word]) => word.startsWith(typed))
    .map(([word, about]) => `${word}\t${about}\n`)
    .join('');
}

async function candidatesFor(
  groups: readonly VerbGroup[],
  before: readonly string[],
  typed: string,
  say: (message: Message) => string,
): Promise<Candidate[]> {
  if (before.includes('--')) return [];
  const name = before.find((word) => !word.startsWith('-'));
  if (name === undefined) {
    const verbs = groups.flatMap((group) => group.verbs);
    return [
      ...verbs.map((verb): Candidate => [verb.name, say(verb.summary)]),
      ...optionCandidates(globalOptions, typed, say),
    ];
  }
  const verb = findVerb(groups, name);
  if (verb === undefined) return [];
  const commands = await verb.load();
  const rest = before.slice(before.indexOf(name) + 1);
  const sub = commands.find((command) => command.path === `${name} ${rest[0] ?? ''}`);
  const command = sub ?? commands.find((one) => one.path === name);
  const subs = rest.length === 0 ? subCandidates(commands, name, say) : [];
  if (command === undefined) return subs;
  const choices = choicesAfter(command, before.at(-1) ?? '');
  if (choices !== null) return choices.map((word): Candidate => [word, '']);
  return [
    ...subs,
    ...argumentCandidates(command),
    ...optionCandidates({ ...command.options, ...globalOptions }, typed, say),
  ];
}

const subCandidates = (
  commands: readonly AnyCommand[],
  verb: string,
  say: (message: Message) => string,
): Candidate[] =>
  commands.flatMap((command) => {
    const [first, second] = command.path.split(' ');
    return first === verb && second !== undefined ? [[second, say(command.summary)] as const] : [];
  });

const argumentCandidates = (command: AnyCommand): Candidate[] =>
  Object.values(command.arguments).flatMap((argument) =>
    (argument.choices ?? []).map((word): Candidate => [word, '']),
  );

/** Options only once a dash is typed: they would drown what a person more likely wants. */
const optionCandidates = (
  options: AnyCommand['options'],
  typed: string,
  say: (message: Message) => string,
): Candidate[] =>
  typed.startsWith('-')
    ? Object.entries(options).map(([name, spec]): Candidate => [`--${toKebab(name)}`, say(spec.about)])
    : [];

/** The values that the option before the cursor takes, or null when it takes none that are known. */
function choicesAfter(command: AnyCommand, previous: string): readonly string[] | null {
  const found = Object.entries({ ...command.options, ...globalOptions }).find(
    ([name, spec]) => previous === `--${toKebab(name)}` || previous === `-${spec.short ?? ' '}`,
  );
  return found?.[1].choices ?? null;
}
