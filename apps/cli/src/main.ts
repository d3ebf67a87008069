/** The command line `pilothouse`: an API client like any other. This file gives it the world; run-cli.ts does the work. */
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '@pilothouse/base';
import { EXIT } from '@pilothouse/cli-kit';
import { endOnBrokenOutput } from './broken-output.ts';
import { configDirectory, readConfig, writeConfig } from './config-file.ts';
import { connectWhenUsed } from './connect-when-used.ts';
import { pluginErrors } from './plugins.ts';
import { runCli } from './run-cli.ts';
import { systemTerminal } from './system-terminal.ts';
import { verbGroups } from './verbs.ts';

const interrupt = new AbortController();
process.on('SIGINT', () => {
  // The first lets a command say good-bye, the second ends it whatever it does.
  if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
  interrupt.abort();
});
const line = process.argv.slice(2);
endOnBrokenOutput(process, line);

const directory = configDirectory(process.env);
process.exitCode = await runCli(
  {
    environment: process.env,
    terminal: (options) => systemTerminal(process, options),
    clock: systemClock,
    watchWorld: {
      wait: (ms) => wait(ms, undefined, { signal: interrupt.signal }).catch(() => undefined),
      random: Math.random,
    },
    signal: interrupt.signal,
    sites: {
      directory,
      readConfig: () => readConfig(directory),
      writeConfig: (config) => writeConfig(directory, config),
      connect: connectWhenUsed,
      // Loaded by those who log in; everybody else starts faster.
      authorityByPin: async (url, pin) => (await import('./pin-authority.ts')).authorityByPin(url, pin),
      presentedChain: async (url) => (await import('./pin-authority.ts')).presentedChain(url),
      isTrustedBySystem: async (url) => (await import('./pin-authority.ts')).isTrustedBySystem(url),
    },
    verbs: verbGroups,
    pluginErrors,
  },
  line,
);
