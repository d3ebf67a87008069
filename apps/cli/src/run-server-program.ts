import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '@pilothouse/contract';
import type { AppContext } from './app-context.ts';

/** The store is the server's business: its program is run in this terminal. Gives its exit code. */
export function runServerProgram(context: AppContext, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(serverProgram(process.argv[1] ?? ''), [...args], {
      stdio: 'inherit',
      env: { ...context.environment, LC_ALL: context.language === 'zh' ? 'zh_CN.UTF-8' : 'C.UTF-8' },
    });
    child.on('error', (cause: NodeJS.ErrnoException) =>
      reject(new AppError('CLI_SERVER_PROGRAM_MISSING', { reason: cause.code ?? 'unknown' }, { cause })),
    );
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** The server program that was installed with this one, in a clone as in a package; otherwise the one on the PATH. */
function serverProgram(ownProgram: string): string {
  const roots = [join(dirname(ownProgram), '..', '..'), join(dirname(ownProgram), '..', '..', '..')];
  const beside = roots.map((root) => join(root, 'apps', 'server', 'bin', 'pilothouse-server.mjs'));
  return beside.find((path) => existsSync(path)) ?? 'pilothouse-server';
}
