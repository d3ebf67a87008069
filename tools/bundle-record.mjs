// What a bundle in dist/ was made of, and whether it still is what its sources say. The launcher of the command line asks
// at every start, before anything else is loaded: nothing but node's own modules is imported here, and no type is stripped.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

// What goes into every bundle beside its own sources.
const MAKERS = ['tools/build.ts', 'tools/lean-bundle.ts', 'package-lock.json'];

export const bundleProgram = (root, app) => join(root, 'dist', app, 'main.js');
export const bundleRecord = (root, app) => join(root, 'dist', `${app}.inputs.json`);

// Sizes and contents do not matter here: whoever edits a file moves its time.
export function isBundleFresh(root, app) {
  try {
    const builtAtMs = statSync(bundleRecord(root, app)).mtimeMs;
    statSync(bundleProgram(root, app));
    const inputs = JSON.parse(readFileSync(bundleRecord(root, app), 'utf8'));
    return [...MAKERS, ...inputs].every((input) => statSync(join(root, input)).mtimeMs < builtAtMs);
  } catch {
    // Never built, or a source was removed since.
    return false;
  }
}
