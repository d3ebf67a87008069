/**
 * What came in from outside, judged without a network: licences, install scripts, fingerprints, versions. Known
 * vulnerabilities need an index that only a registry has: `npm run audit`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesMatching } from './source-tree.ts';

/** Those that may go into a product under Apache-2.0 without a further duty than their notice. */
const LICENCES = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'MIT OR Apache-2.0',
]);
/** Code that runs while installing, with the reason why it may. */
const INSTALL_SCRIPTS = new Map([
  [
    'esbuild',
    'checks its own binary, which is an optional dependency; an npm that can leave it out is told to',
  ],
]);

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly hasInstallScript?: boolean;
  readonly engines?: unknown;
}

const [lock] = filesMatching(/^package-lock\.json$/);
const locked = Object.entries(
  (JSON.parse(lock?.text ?? '{}') as { packages?: Record<string, Locked> }).packages ?? {}, // the lock's format
).filter(([path, { link }]) => path.startsWith('node_modules/') && link !== true);
const pathsWhere = (isWrong: (path: string, entry: Locked) => boolean): string[] =>
  locked.filter(([path, entry]) => isWrong(path, entry)).map(([path]) => path);

/** Builds for other machines, which were never installed where the lock was made: those of a package that is judged. */
const isForeignBuild = ({ license, optional, os }: Locked): boolean =>
  license === undefined && optional === true && os !== undefined;

test('the lock is read', () => {
  assert.ok(locked.length > 100);
});

test('every package has a licence that the product may carry', () => {
  assert.deepEqual(
    pathsWhere((_, entry) => !isForeignBuild(entry) && !LICENCES.has(entry.license ?? 'none')),
    [],
  );
});

test('no package runs code while it is installed, but those on the list', () => {
  const scripts = pathsWhere((_, { hasInstallScript }) => hasInstallScript === true);

  const [manifest] = filesMatching(/^package\.json$/);
  const { allowScripts } = JSON.parse(manifest?.text ?? '{}') as { allowScripts?: unknown }; // npm's format

  assert.deepEqual(
    scripts,
    [...INSTALL_SCRIPTS.keys()].map((name) => `node_modules/${name}`),
  );
  assert.deepEqual(
    allowScripts,
    Object.fromEntries([...INSTALL_SCRIPTS.keys()].map((name) => [name, false])),
  );
});

test('npm has nothing to hold against the Node of the machine, which runs none of the packages', () => {
  assert.deepEqual(
    pathsWhere((_, { engines }) => engines !== undefined),
    [],
  );
});

test('every package is named by its fingerprint, and comes from the registry and nowhere else', () => {
  assert.deepEqual(
    pathsWhere((_, entry) => !isForeignBuild(entry) && !/^sha512-[\w+/]{86}==$/.test(entry.integrity ?? '')),
    [],
  );
  assert.deepEqual(
    pathsWhere((_, { resolved }) => /^(git|file|http:)/.test(resolved ?? '')),
    [],
  );
});

test('every direct dependency is pinned to one version', () => {
  const loose: string[] = [];
  for (const { path, text } of filesMatching(/(^|\/)package\.json$/)) {
    const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>; // the manifest format
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'])
      for (const [name, version] of Object.entries(manifest[kind] ?? {}))
        if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) loose.push(`${path}: ${name} ${version}`);
  }
  assert.deepEqual(loose, []);
});
