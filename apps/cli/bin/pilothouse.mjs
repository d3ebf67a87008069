// Starts the built bundle, or the sources where it is not built or older than they are. Written for any Node from 18 on:
// `pilothouse` beside it hands over to the pinned one, and to whatever Node there is when that one is not installed.
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleProgram, isBundleFresh } from '../../../tools/bundle-record.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const MAJOR = 24;

if (Number(process.versions.node.split('.')[0]) === MAJOR) {
  // Compiled code is kept in the user's own cache, not in a directory that others could write to. It saves a third of the
  // start; where it cannot be kept nothing is lost.
  module.enableCompileCache?.(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pilothouse'));
  const sources = join(root, 'apps', 'cli', 'src', 'main.ts');
  const program = isBundleFresh(root, 'cli') ? bundleProgram(root, 'cli') : sources;
  process.argv[1] = program;
  await import(pathToFileURL(program).href);
} else {
  process.stderr.write(
    `pilothouse needs Node ${MAJOR}; this is ${process.version} and the pinned one is not installed. Run: npm ci\n`,
  );
  process.exitCode = 70;
}
