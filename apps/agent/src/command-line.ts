import { parseArgs } from 'node:util';
import {
  AppError,
  FACTS_PER_HOST_MAX,
  type Language,
  languageOf,
  lineProblem,
  localeOf,
  type Message,
} from '@pilothouse/contract';

export const DATA_DIRECTORY_DEFAULT = '/var/lib/pilothouse-agent';

export const VERBS = [
  'enrol',
  'run',
  'status',
  'doctor',
  'facts',
  'actions',
  'policy',
  'history',
  'hold',
  'release',
  'version',
  'help',
  // Not for people: the running agent starts it.
  'collect',
] as const;
export type Verb = (typeof VERBS)[number];

export interface CommandLine {
  readonly verb: Verb;
  readonly words: readonly string[];
  readonly dataDirectory: string;
  readonly token: string | null;
  readonly isAgain: boolean;
  readonly isJson: boolean;
  /** Gateways to try instead of those the identity names; empty: those. */
  readonly servers: readonly string[];
  readonly language: Language;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The language before anything else is known, so that a wrong line is told in it, too. */
export const languageOfLine = (args: readonly string[], environment: Environment): Language => {
  const index = args.indexOf('--lang');
  return languageOf(index === -1 ? localeOf(environment) : args[index + 1]);
};

/** AppError AGENT_USAGE when the line makes no sense. */
export function readCommandLine(args: readonly string[], environment: Environment): CommandLine {
  const { values, positionals } = parseOptions(args);
  const [verbText = 'help', ...words] = positionals;
  const verb = values.help ? 'help' : VERBS.find((known) => known === verbText);
  if (verb === undefined) throw usage({ en: `there is no command ${verbText}`, zh: `没有命令 ${verbText}` });
  const token = values.token ?? environment['PILOTHOUSE_AGENT_TOKEN'] ?? null;
  if (verb === 'enrol' && token === null)
    throw usage({ en: 'enrol needs --token', zh: 'enrol 需要 --token' });
  if (words.length > wordsMaxOf(verb)) {
    const extra = words.slice(wordsMaxOf(verb)).join(' ');
    throw usage({ en: `${verb} takes fewer words: ${extra}`, zh: `${verb} 的参数过多：${extra}` });
  }
  return {
    verb,
    words,
    token,
    dataDirectory: values.data ?? environment['PILOTHOUSE_AGENT_DATA'] ?? DATA_DIRECTORY_DEFAULT,
    isAgain: values.again ?? false,
    isJson: values.json ?? false,
    servers: serversOf(values.server ?? environment['PILOTHOUSE_AGENT_SERVER'] ?? ''),
    language: languageOf(values.lang ?? localeOf(environment)),
  };
}

const usage = (problem: Message, cause?: unknown): AppError =>
  new AppError('AGENT_USAGE', { problem }, { cause });

function wordsMaxOf(verb: Verb): number {
  if (verb === 'hold') return Number.POSITIVE_INFINITY;
  if (verb === 'collect') return FACTS_PER_HOST_MAX;
  if (verb === 'policy') return 2;
  return verb === 'facts' ? 1 : 0;
}

/** Where a server has moved to. Who it is, the trust bundle decides, so an address alone opens nothing. */
function serversOf(text: string): string[] {
  const urls = text.split(',').filter((url) => url !== '');
  for (const url of urls) {
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:')
      throw usage({ en: `--server ${url} is no https URL`, zh: `--server ${url} 不是 https 地址` });
  }
  return urls;
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        token: { type: 'string' },
        again: { type: 'boolean' },
        json: { type: 'boolean' },
        server: { type: 'string' },
        lang: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw usage(lineProblem(cause), cause);
  }
}
