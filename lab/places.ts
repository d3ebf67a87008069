import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The lab's fixed names. Everything it makes carries one of them, so that `down` finds it after a crash too. */
export const BRIDGE = 'phlab0';
export const BRIDGE_ADDRESS = '10.222.0.1';
export const NETWORK_PREFIX_LENGTH = 16;
export const NAMESPACE_PREFIX = 'phlab-';
export const CGROUP = 'pilothouse-lab';
/** 10.222.1.1 … 10.222.1.250, and a hundred hosts are more than two cores can boot. */
export const HOSTS_MAX = 100;

export const PROJECT_ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** The clone whose agent hosts run, under its unit file: this one, or that of another version. */
export const AGENT_ROOT = resolve(process.env['PILOTHOUSE_LAB_AGENT'] || PROJECT_ROOT);

/** Base images outlive a checkout: they take a minute to make and depend on the distribution alone. */
export const CACHE_DIRECTORY = process.env['PILOTHOUSE_LAB_CACHE'] ?? '/var/cache/pilothouse-lab';
/** Running hosts. One lab a machine: bridge and addresses are the machine's. */
export const HOSTS_DIRECTORY = '/var/lib/pilothouse-lab/hosts';

export const hostDirectory = (name: string): string => join(HOSTS_DIRECTORY, name);
export const hostRoot = (name: string): string => join(HOSTS_DIRECTORY, name, 'root');
export const hostUpper = (name: string): string => join(HOSTS_DIRECTORY, name, 'upper');
export const hostNumber = (name: string): number => Number(name.replace(/^h/, ''));
export const hostAddress = (name: string): string => `10.222.1.${hostNumber(name)}`;
