import { isIP } from 'node:net';
import { nearestName, SECOND_MS } from '@pilothouse/base';
import {
  AppError,
  LANGUAGES,
  languageOf,
  localeOf,
  type Message,
  ruleText,
  schemaProblem,
} from '@pilothouse/contract';
import type { OidcSettings, PrometheusSettings } from '@pilothouse/kernel';
import { LOG_LEVELS } from '@pilothouse/kernel/log';
import type { StoreLocation } from '@pilothouse/store';
import { z } from 'zod';
import { type PeersConfig, peersOf } from './peers-config.ts';
import { environmentName, settings } from './settings.ts';
import { readStoreLocation } from './store-location.ts';

/** Where settings come from, as arguments. */
export interface ConfigSources {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Text of the configuration file; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
  readonly isTerminal: boolean;
  /** Names and addresses of this machine, the best first. */
  readonly machineNames: () => readonly string[];
}

/** More than any machine has processors to gain by. */
const PROCESSES_MAX = 64;

const text = z.string().min(1);
const days = z.coerce.number().int().min(1).max(36_500);

/** `host:port`, `[::1]:port`, `:port`. The empty host is all addresses. */
const Address = z.string().transform((value, context) => {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || !(port <= 65_535)) {
    context.addIssue({ code: 'custom', message: ruleText({ en: 'is not host:port', zh: '不是 主机:端口' }) });
    return z.NEVER;
  }
  return { host: match[1] ?? match[2] ?? '', port };
});
const List = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const Networks = List.refine((parts) => parts.every(isNetwork), {
  error: ruleText({
    en: 'is not a list of addresses or networks such as 10.0.0.7,10.1.0.0/16',
    zh: '不是地址或网段列表，例如 10.0.0.7,10.1.0.0/16',
  }),
});
const RolesByGroup = z.string().transform((value, context) => {
  const roles: Record<string, string[]> = {};
  for (const pair of value.split(',')) {
    const at = pair.lastIndexOf('=');
    const [group, role] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if (at < 1 || role === '') {
      context.addIssue({
        code: 'custom',
        message: ruleText({ en: `"${pair}" is not group=role`, zh: `“${pair}” 不是 组=角色` }),
      });
      return z.NEVER;
    }
    roles[group] = [...(roles[group] ?? []), role];
  }
  return roles;
});

const Schema = z.object({
  data: text,
  listen: Address,
  'gateway-listen': Address,
  'gateway-proxy-protocol': Networks.optional(),
  'offline-grace-seconds': z.coerce.number().int().min(1).max(86_400),
  'notify-allow': Networks.optional(),
  advertise: List.optional(),
  store: text,
  processes: z.coerce.number().int().min(1).max(PROCESSES_MAX),
  'peer-listen': Address.optional(),
  'peer-advertise': Address.optional(),
  lang: z.enum(LANGUAGES).optional(),
  'log-level': z.enum(LOG_LEVELS),
  'log-format': z.enum(['json', 'text']).optional(),
  'oidc-issuer': z.url().optional(),
  'oidc-client-id': text.optional(),
  'oidc-client-secret': text.optional(),
  'oidc-redirect-url': z.url().optional(),
  'oidc-scope': text,
  'oidc-name-claim': text,
  'oidc-groups-claim': text,
  'oidc-roles': RolesByGroup.optional(),
  'prometheus-url': z.url({ protocol: /^https?$/ }).optional(),
  'prometheus-token': text.optional(),
  'retention-events': z.coerce.number().int().min(1000).max(100_000_000),
  'retention-results-days': days,
  'retention-facts-days': days,
});
type Parsed = z.output<typeof Schema>;

export interface Config {
  readonly dataDirectory: string;
  readonly store: StoreLocation;
  /** Of this installation on this machine: one that does everything, or a leader and fronts. */
  readonly processes: number;
  /** Null: this machine is the only one. */
  readonly peers: PeersConfig | null;
  readonly listen: { readonly host: string; readonly port: number };
  readonly gatewayListen: { readonly host: string; readonly port: number };
  readonly gatewayProxies: readonly string[];
  readonly offlineGraceMs: number;
  readonly notifyAllow: readonly string[];
  readonly names: readonly string[];
  readonly language: (typeof LANGUAGES)[number];
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly logFormat: 'json' | 'text';
  readonly oidc: OidcSettings | null;
  /** What gates of rollouts ask; null: nothing. */
  readonly prometheus: PrometheusSettings | null;
  readonly retention: { readonly events: number; readonly resultsDays: number; readonly factsDays: number };
}

function isNetwork(value: string): boolean {
  const [address = '', bits] = value.split('/');
  const family = isIP(address);
  if (family === 0 || bits === undefined) return family !== 0;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

/** One setting's text and where it was found, for error texts. */
interface Found {
  readonly value: string;
  readonly where: string;
}

/** AppError CONFIG_INVALID, CONFIG_UNKNOWN or STORE_UNSUPPORTED says which setting, where it stands, and what is wrong. */
export function readConfig(sources: ConfigSources): Config {
  const fromFlags = readFlags(sources.args);
  const fromEnvironment = readEnvironment(sources.environment);
  const file = fromFlags.get('config') ?? fromEnvironment.get('config');
  const fromFile =
    file === undefined ? new Map<string, Found>() : readConfigFile(file.value, sources.readFile);
  const found = new Map([...defaults(), ...fromFile, ...fromEnvironment, ...fromFlags]);
  found.delete('config');

  const values = Object.fromEntries([...found].map(([name, { value }]) => [name, value]));
  const parsed = Schema.safeParse(values);
  if (!parsed.success) {
    const { path, problem } = schemaProblem(Schema, values, parsed.error);
    const name = String(path[0] ?? '');
    const where = found.get(name)?.where ?? name;
    throw invalid(where, problem);
  }
  return configOf(parsed.data, sources);
}

const invalid = (where: string, problem: Message): AppError =>
  new AppError('CONFIG_INVALID', { where, problem });

function defaults(): Map<string, Found> {
  return new Map(
    settings.flatMap((each) =>
      each.default === null ? [] : [[each.name, { value: each.default, where: 'default' }] as const],
    ),
  );
}

function readFlags(args: readonly string[]): Map<string, Found> {
  const found = new Map<string, Found>();
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? '';
    const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(argument);
    const name = match?.[1];
    if (name === undefined) throw invalid(argument, { en: 'is not a flag', zh: '不是选项' });
    requireKnown(name, `--${name}`, (each) => `--${each}`);
    const value = match?.[2] ?? args[++i];
    if (value === undefined) throw invalid(`--${name}`, { en: 'has no value', zh: '没有值' });
    found.set(name, { value, where: `--${name}` });
  }
  return found;
}

/** Names of the environment that belong to other programs of the family. */
const FOREIGN = new Set([
  'PILOTHOUSE_SERVER',
  'PILOTHOUSE_TOKEN',
  'PILOTHOUSE_PIN',
  'PILOTHOUSE_PASSPHRASE',
  'PILOTHOUSE_DEBUG',
]);
const FOREIGN_PREFIXES = ['PILOTHOUSE_CONFIG_', 'PILOTHOUSE_AGENT_', 'PILOTHOUSE_LAB_', 'PILOTHOUSE_TEST_'];

function readEnvironment(environment: ConfigSources['environment']): Map<string, Found> {
  const found = new Map<string, Found>();
  for (const [key, value] of Object.entries(environment)) {
    if (!key.startsWith('PILOTHOUSE_') || value === undefined || FOREIGN.has(key)) continue;
    if (FOREIGN_PREFIXES.some((prefix) => key.startsWith(prefix))) continue;
    const known = settings.find((each) => environmentName(each.name) === key);
    if (known === undefined) {
      const names = settings.map((each) => environmentName(each.name));
      const nearest = nearestName(key, names) ?? '';
      throw new AppError('CONFIG_UNKNOWN', { where: key, nearest });
    }
    // An empty variable is how a shell unsets one for a single command.
    if (value !== '') found.set(known.name, { value, where: key });
  }
  return found;
}

function readConfigFile(path: string, readFile: ConfigSources['readFile']): Map<string, Found> {
  const content = fileContent(path, readFile);
  const parsed = z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
    .safeParse(content);
  if (!parsed.success)
    throw invalid(path, { en: 'is not an object of settings', zh: '不是由设置组成的对象' });
  return new Map(
    Object.entries(parsed.data).map(([name, value]) => {
      requireKnown(name, `${name} in ${path}`, (each) => each);
      const text = Array.isArray(value) ? value.join(',') : String(value);
      return [name, { value: text, where: `${name} in ${path}` }];
    }),
  );
}

function fileContent(path: string, readFile: ConfigSources['readFile']): unknown {
  let source: string;
  try {
    source = readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    throw new AppError(
      'CONFIG_INVALID',
      { where: path, problem: { en: `cannot be read (${reason})`, zh: `无法读取（${reason}）` } },
      { cause },
    );
  }
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new AppError(
      'CONFIG_INVALID',
      { where: path, problem: { en: 'is not JSON', zh: '不是 JSON' } },
      { cause },
    );
  }
}

function requireKnown(name: string, where: string, show: (name: string) => string): void {
  if (settings.some((each) => each.name === name)) return;
  const names = settings.map((each) => each.name);
  throw new AppError('CONFIG_UNKNOWN', { where, nearest: show(nearestName(name, names) ?? '') });
}

function configOf(parsed: Parsed, sources: ConfigSources): Config {
  const names = parsed.advertise ?? sources.machineNames();
  return {
    dataDirectory: parsed.data,
    store: readStoreLocation(parsed.store, parsed.data),
    processes: processesOf(parsed),
    peers: peersOf(parsed),
    listen: parsed.listen,
    gatewayListen: parsed['gateway-listen'],
    gatewayProxies: parsed['gateway-proxy-protocol'] ?? [],
    offlineGraceMs: parsed['offline-grace-seconds'] * SECOND_MS,
    notifyAllow: parsed['notify-allow'] ?? [],
    names,
    language: parsed.lang ?? languageOf(localeOf(sources.environment)),
    logLevel: parsed['log-level'],
    logFormat: parsed['log-format'] ?? (sources.isTerminal ? 'text' : 'json'),
    oidc: oidcOf(parsed, names),
    prometheus:
      parsed['prometheus-url'] === undefined
        ? null
        : { url: parsed['prometheus-url'], token: parsed['prometheus-token'] ?? null },
    retention: {
      events: parsed['retention-events'],
      resultsDays: parsed['retention-results-days'],
      factsDays: parsed['retention-facts-days'],
    },
  };
}

/** Several processes share ports that have to be known before the first of them listens. */
function processesOf({ processes, ...parsed }: Parsed): number {
  for (const name of ['listen', 'gateway-listen'] as const) {
    if (processes > 1 && parsed[name].port === 0)
      throw invalid(name, {
        en: 'needs a port of your choice when there are several processes',
        zh: '使用多个进程时必须指定端口',
      });
  }
  return processes;
}

function oidcOf(parsed: Parsed, names: readonly string[]): OidcSettings | null {
  const issuer = parsed['oidc-issuer'];
  if (issuer === undefined) return null;
  const clientId = parsed['oidc-client-id'];
  if (clientId === undefined)
    throw invalid('oidc-client-id', {
      en: 'is needed with oidc-issuer',
      zh: '设置了 oidc-issuer 时必须提供',
    });
  const ownUrl = `https://${names[0] ?? 'localhost'}:${parsed.listen.port}`;
  return {
    issuer,
    clientId,
    clientSecret: parsed['oidc-client-secret'] ?? null,
    redirectUrl: parsed['oidc-redirect-url'] ?? `${ownUrl}/api/v1/oidc/callback`,
    scope: parsed['oidc-scope'],
    nameClaim: parsed['oidc-name-claim'],
    groupsClaim: parsed['oidc-groups-claim'],
    rolesByGroup: parsed['oidc-roles'] ?? {},
  };
}
