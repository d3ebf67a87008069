/** `npm run lab -- VERB`: the lab's command line. */
import { parseArgs } from 'node:util';
import { DISTRIBUTIONS, type Distribution } from './base-image.ts';
import { bootHost, cloneHost, cutPower, execOnHost, hostNames, leaderOf } from './host.ts';
import { labDown, labLacks, labUp } from './lab.ts';
import { plugHost, unplugHost } from './network.ts';
import { hostAddress } from './places.ts';

const HELP = `Real hosts on this machine, for trying Pilothouse and for its tests. Needs root.

  npm run lab -- up --hosts 8 [--token pht1.…] [--mix debian-12,rpm-host]   make and boot hosts h1 … h8, enrolled when a token is given
  npm run lab -- status                                            which hosts run, and their addresses
  npm run lab -- exec h1 -- uptime                                 run a command on a host, as its root
  npm run lab -- unplug h1 · plug h1                               pull and put back its network cable
  npm run lab -- power-off h1 · power-on h1                        cut its power; boot it again
  npm run lab -- clone h1 h9                                       a second host from the same disk
  npm run lab -- down                                              remove everything, also after a crash
`;

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
  if (values.help === true || verb === undefined || verb === 'help') return say(HELP);
  const lacks = await labLacks();
  if (lacks.length > 0)
    return fail(`The lab cannot run here. Missing:\n${lacks.map((lack) => `  ${lack}`).join('\n')}`);
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
      return fail(`There is no verb "${verb}".\n\n${HELP}`);
  }
}

async function up(values: { hosts?: string; token?: string; mix?: string }): Promise<number> {
  const mix = (values.mix ?? 'debian-12').split(',');
  const distributions = mix.filter((name): name is Distribution =>
    DISTRIBUTIONS.some((known) => known === name),
  );
  if (distributions.length !== mix.length) return fail(`--mix knows: ${DISTRIBUTIONS.join(', ')}`);
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
  if (names.length === 0) return say('No hosts. Make some: npm run lab -- up --hosts 8');
  for (const name of names)
    say(`${name}  ${hostAddress(name)}  ${(await leaderOf(name)) === null ? 'off' : 'running'}`);
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
