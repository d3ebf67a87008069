import type { InstalledPackage } from '../contract.ts';
import { inPackageOrder } from './package-order.ts';
import { clipWord, lineOrNull, linesOf, type Parsed } from './parsed.ts';

/** The stanzas of /lib/apk/db/installed: one-letter keys, P name, V version, A architecture, o origin, m maintainer. */
export function parseApkInstalled(text: string): Parsed<InstalledPackage[]> {
  const packages: InstalledPackage[] = [];
  let unknownLines = 0;
  let fields = new Map<string, string>();

  const endStanza = () => {
    if (fields.size === 0) return;
    const [name, version] = [fields.get('P'), fields.get('V')];
    if (!name || !version) unknownLines += 1;
    else {
      packages.push({
        name: clipWord(name),
        version: clipWord(version),
        arch: clipWord(fields.get('A') ?? ''),
        source: clipWord(fields.get('o') || name),
        origin: lineOrNull(fields.get('m')),
      });
    }
    fields = new Map();
  };

  for (const line of linesOf(text)) {
    if (line.trim() === '') endStanza();
    else if (line.charAt(1) !== ':') unknownLines += 1;
    else fields.set(line.charAt(0), line.slice(2));
  }
  endStanza();
  return {
    value: inPackageOrder(packages),
    unknownLines,
  };
}
