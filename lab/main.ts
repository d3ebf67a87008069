/** `npm run lab -- VERB`: the lab's command line. */
import { parseArgs } from 'node:util';
import { languageOf, localeOf, type Message, renderMessage } from '@pilothouse/contract';
import { DISTRIBUTIONS, type Distribution } from './base-image.ts';
import { bootHost, cloneHost, cutPower, execOnHost, hostNames, leaderOf } from './host.ts';
import { labDown, labLacks, labUp } from './lab.ts';
import { LAB_TEXTS } from './lab-texts.ts';
import { plugHost, unplugHost } from './network.ts';
import { hostAddress } from './places.ts';

const language = languageOf(process.env['PILOTHOUSE_LANG'] || localeOf(process.env));
const words = (text: Message, details: Readonly<Record<string, unknown>> = {}): string =>
  renderMessage(text, language, details);

async function main(argv: readonly string[]): Promise<number> {
  const split = argv.indexOf('--');
  const own = split === -1 ? argv : argv.slice(0, split);
  const command = split === -1 ? [] : argv.slice(split + 1);
  const { values, positionals } = parseArgs({
    args: [...own],
    allowPositionals: true,
    options: {
      hosts: { type: 'string' },
      token: { type: 'string' },
      mix: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const [verb, host = '', other = ''] = positionals;
  if (values.help === true || verb === undefined || verb === 'help') return say(words(LAB_TEXTS.help));
  const lacks = await labLacks();
  if (lacks.length > 0)
    return fail(words(LAB_TEXTS.lacks, { lacks: lacks.map((lack) => `  ${lack}`).join('\n') }));
  switch (verb) {
    case 'up':
      return up(values);
    case 'down':
      await labDown();
      return 0;
    case 'status':
      return status();
    case 'exec':
      return exec(host, command);
    case 'unplug':
      await unplugHost(host);
      return 0;
    case 'plug':
      await plugHost(host);
      return 0;
    case 'power-off':
      await cutPower(host);
      return 0;
    case 'power-on':
      await bootHost(host);
      return 0;
    case 'clone':
      await cloneHost(host, other);
      return 0;
    default:
      return fail(words(LAB_TEXTS.unknownVerb, { verb, help: LAB_TEXTS.help }));
  }
}

async function up(values: { hosts?: string; token?: string; mix?: string }): Promise<number> {
  const mix = (values.mix ?? 'debian-12').split(',');
  const distributions = mix.filter((name): name is Distribution =>
    DISTRIBUTIONS.some((known) => known === name),
  );
  if (distributions.length !== mix.length) return fail(words(LAB_TEXTS.unknownMix, { names: DISTRIBUTIONS }));
  await labUp({
    count: Number(values.hosts ?? '8'),
    distributions,
    say,
    ...(values.token === undefined ? {} : { token: values.token }),
  });
  return 0;
}

async function status(): Promise<number> {
  const names = await hostNames();
  if (names.length === 0) return say(words(LAB_TEXTS.noHosts));
  for (const name of names)
    say(
      `${name}  ${hostAddress(name)}  ${words((await leaderOf(name)) === null ? LAB_TEXTS.off : LAB_TEXTS.running)}`,
    );
  return 0;
}

async function exec(host: string, command: readonly string[]): Promise<number> {
  const result = await execOnHost(host, command);
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  return result.exitCode;
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function fail(text: string): number {
  process.stderr.write(`${text}\n`);
  return 2;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = fail(error instanceof Error ? error.message : String(error));
  },
);
