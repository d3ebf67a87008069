import type { InstalledPackage } from '../contract.ts';
import { inPackageOrder } from './package-order.ts';
import { clipWord, lineOrNull, linesOf, type Parsed } from './parsed.ts';

/** States in which a package's files lie on the disk: dpkg(1), "Package states". */
const PRESENT_STATES = new Set([
  'installed',
  'unpacked',
  'half-configured',
  'triggers-awaited',
  'triggers-pending',
]);

/** The stanzas of /var/lib/dpkg/status: packages whose files are there, sorted. */
export function parseDpkgStatus(text: string): Parsed<InstalledPackage[]> {
  const packages: InstalledPackage[] = [];
  let unknownLines = 0;
  let fields = new Map<string, string>();

  const endStanza = () => {
    if (fields.size === 0) return;
    const state = fields.get('Status')?.split(' ')[2] ?? '';
    const found = packageOf(fields);
    if (found === null) unknownLines += 1;
    else if (PRESENT_STATES.has(state)) packages.push(found);
    fields = new Map();
  };

  for (const line of linesOf(text)) {
    if (line.trim() === '') endStanza();
    else if (/^[ \t]/.test(line)) continue;
    else {
      const colon = line.indexOf(':');
      if (colon <= 0) unknownLines += 1;
      else fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
  }
  endStanza();
  return {
    value: inPackageOrder(packages),
    unknownLines,
  };
}

/** Null for a stanza that is no package; a package that is not installed may have no version. */
function packageOf(fields: ReadonlyMap<string, string>): InstalledPackage | null {
  const name = fields.get('Package');
  if (!name || !fields.has('Status')) return null;
  return {
    name: clipWord(name),
    version: clipWord((fields.get('Version') ?? '').replace(/^0:/, '')),
    arch: clipWord(fields.get('Architecture') ?? ''),
    // `Source: glibc (2.36-9)` names the version only where it differs from the package's own.
    source: clipWord((fields.get('Source') ?? name).replace(/ \(.*$/, '')),
    origin: lineOrNull(fields.get('Origin') ?? fields.get('Maintainer')),
  };
}
