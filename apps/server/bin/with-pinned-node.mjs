// Runs a program of this package with the Node that the project pins. Written for any Node from 18 on, because
// `#!/usr/bin/env node` and a script of npm may find an old one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MAJOR = 24;
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', '..');
const parentWatch = pathToFileURL(join(here, '..', 'src', 'end-with-parent.mjs')).href;

export async function runWithPinnedNode(file) {
  const program = join(here, '..', 'src', file);
  const pinned = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (Number(process.versions.node.split('.')[0]) === MAJOR) {
    // Compiled code is kept in the user's own cache, as by the command line: a quarter of the work of a start. Where it
    // cannot be kept nothing is lost.
    module.enableCompileCache?.(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pilothouse'));
    process.argv[1] = program;
    await import(pathToFileURL(program).href);
  } else if (existsSync(pinned)) {
    // The channel tells the program when this process is gone, however it ended.
    const child = spawn(pinned, ['--import', parentWatch, program, ...process.argv.slice(2)], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    // How to end is the child's to decide, and its end is ours. Ctrl-C reaches it twice, which it takes as once.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('exit', (code) => {
      process.exitCode = code ?? 1;
    });
  } else {
    process.stderr.write(
      `Pilothouse needs Node ${MAJOR}; this is ${process.version} and the pinned one is not installed. Run: npm ci\n`,
    );
    process.exitCode = 70;
  }
}
