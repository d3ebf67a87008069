/**
 * `node tools/complete-lock.ts`: adds the platform packages that a registry mirror does not carry to package-lock.json, and
 * takes out what npm would say of the wrong Node.
 *
 * npm holds the `engines` of every package against the machine's own Node, which runs none of them: the pinned one does.
 * On Node 20 that is a page of warnings about nothing, in which a real one would be lost, so the lock does not name them.
 *
 * A package with one binary a platform lists them all as optional. Where the mirror lacks some, `npm install` leaves them out
 * of the lock without a word, and `npm ci` then refuses the lock because they are missing. The entries made here have no
 * checksum and are never fetched on a platform that they are not for.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockEntry {
  version?: string;
  optional?: boolean;
  dev?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  engines?: unknown;
  optionalDependencies?: Record<string, string>;
}

const SYSTEMS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
  'wasm32',
];

/** What a name such as `@oxlint/binding-linux-x64-musl` says of its platform. */
function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : [];
  return { os, cpu, ...(libc.length > 0 && os.includes('linux') ? { libc } : {}) };
}

// The file is npm's own format, version 3.
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockEntry> };
let added = 0;
for (const entry of Object.values(lock.packages)) {
  delete entry.engines;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = platformOf(name);
    if (lock.packages[path] !== undefined || platform.os?.length === 0 || !/^\d/.test(version)) continue;
    lock.packages[path] = {
      version,
      ...(entry.dev === true ? { dev: true } : {}),
      optional: true,
      ...platform,
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`added ${added} platform packages\n`);
