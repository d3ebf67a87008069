import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../places.ts';
import type { Installation } from './installation.ts';

export interface CommandLineResult {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line as the holder of a token uses it, in a process of its own. */
export function commandLineOf(installation: Installation, token: string) {
  const pin = /--pin ([0-9a-f]{64})/.exec(installation.server().log())?.[1] ?? '';
  return (...line: string[]): Promise<CommandLineResult> => {
    const child = spawn(process.execPath, [join(PROJECT_ROOT, 'apps/cli/src/main.ts'), ...line], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        LANG: 'C.UTF-8',
        PILOTHOUSE_CONFIG_HOME: join(installation.dataDirectory, 'command-line'),
        PILOTHOUSE_SERVER: installation.url,
        PILOTHOUSE_PIN: pin,
        PILOTHOUSE_TOKEN: token,
      },
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exit) => resolve({ exit, out, err }));
    });
  };
}
