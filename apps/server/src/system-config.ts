import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import type { ConfigSources } from './config.ts';
import { machineNames } from './machine-names.ts';

/** The sources of a configuration in the real world. */
export const systemSources = (): ConfigSources => ({
  args: process.argv.slice(2),
  environment: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  isTerminal: process.stderr.isTTY === true,
  machineNames: () => machineNames({ hostName: hostname(), interfaces: networkInterfaces() }),
});

/** The address that stands for all addresses: IPv6 takes IPv4 along where the machine has it. */
export const anyAddress = (): string =>
  Object.values(networkInterfaces()).some((each) => each?.some((address) => address.family === 'IPv6'))
    ? '::'
    : '0.0.0.0';
