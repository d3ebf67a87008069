import { systemClock } from '@pilothouse/base';
import type { Log } from '@pilothouse/kernel';
import { createLog } from '@pilothouse/kernel/log';
import type { Config } from './config.ts';
import { openLogFile } from './log-file.ts';

export interface LogPlace {
  /** Stands in every line of one process of several. */
  readonly process?: string;
  /**
   * Of a file that takes the log, where a person looks at the terminal: only what somebody should look at is said there,
   * so that what they need to read stays in sight.
   */
  readonly path?: string | null;
}

/** The log on standard error, or in a file. */
export function openLog(config: Pick<Config, 'logLevel' | 'logFormat'>, place: LogPlace = {}): Log {
  const { process: name, path = null } = place;
  const log = path === null ? terminalLog(config) : fileLog(config, path);
  if (name === undefined) return log;
  const at =
    (level: keyof Log): Log['info'] =>
    (text, fields = {}) =>
      log[level](text, { process: name, ...fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const toTerminal = (line: string): void => {
  process.stderr.write(line);
};

const terminalLog = ({ logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>): Log =>
  createLog({ level: logLevel, format: logFormat, clock: systemClock, write: toTerminal });

function fileLog(config: Pick<Config, 'logLevel' | 'logFormat'>, path: string): Log {
  const write = openLogFile(path, { otherwise: toTerminal });
  const file = createLog({ level: config.logLevel, format: 'json', clock: systemClock, write });
  const terminal = terminalLog(config);
  return {
    ...file,
    warn(text, fields) {
      file.warn(text, fields);
      terminal.warn(text, fields);
    },
    error(text, fields) {
      file.error(text, fields);
      terminal.error(text, fields);
    },
  };
}
