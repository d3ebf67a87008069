#!/usr/bin/env node
// Starts the built bundle, or the sources where it is not built or older than they are, with the Node that the project
// pins. Written for any Node from 18 on, because `#!/usr/bin/env node` may find an old one.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleProgram, isBundleFresh } from '../../../tools/bundle-record.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const pinned = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
const MAJOR = 24;

if (Number(process.versions.node.split('.')[0]) === MAJOR) {
  // Compiled code is kept in the user's own cache, not in a directory that others could write to. It saves a third of the
  // start; where it cannot be kept nothing is lost.
  module.enableCompileCache?.(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pilothouse'));
  const sources = join(root, 'apps', 'cli', 'src', 'main.ts');
  const program = isBundleFresh(root, 'cli') ? bundleProgram(root, 'cli') : sources;
  process.argv[1] = program;
  await import(pathToFileURL(program).href);
} else if (existsSync(pinned)) {
  // Ctrl-C reaches the whole foreground group: the child decides how to end, and its end is ours.
  process.on('SIGINT', () => {});
  const self = fileURLToPath(import.meta.url);
  const end = spawnSync(pinned, [self, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = end.status ?? 1;
} else {
  process.stderr.write(
    `pilothouse needs Node ${MAJOR}; this is ${process.version} and the pinned one is not installed. Run: npm ci\n`,
  );
  process.exitCode = 70;
}
