import { systemClock } from '@pilothouse/base';
import type { Log } from '@pilothouse/kernel';
import { createLog } from '@pilothouse/kernel/log';
import type { Config } from './config.ts';

/** The log on standard error. `process` stands in every line of one of several. */
export function openLog(config: Pick<Config, 'logLevel' | 'logFormat'>, name?: string): Log {
  const log = createLog({
    level: config.logLevel,
    format: config.logFormat,
    clock: systemClock,
    write: (line) => process.stderr.write(line),
  });
  if (name === undefined) return log;
  const at =
    (level: keyof Log): Log['info'] =>
    (text, fields = {}) =>
      log[level](text, { process: name, ...fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
