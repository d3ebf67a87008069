import type { InstalledPackage } from '../contract.ts';
import { inPackageOrder } from './package-order.ts';
import { clipWord, lineOrNull, linesOf, type Parsed } from './parsed.ts';

/** One line a package; `(none)` stands for an absent tag. Every rpm since 4.4 knows these tags. */
export const RPM_QUERY_FORMAT =
  '%{NAME}\\t%{EPOCH}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\t%{VENDOR}\\n';

const FIELDS_COUNT = 7;

/** The answer to `rpm -qa --queryformat RPM_QUERY_FORMAT`, sorted; rpm's own order is that of its database. */
export function parseRpmList(text: string): Parsed<InstalledPackage[]> {
  const packages: InstalledPackage[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    if (line.trim() === '') continue;
    const fields = line.split('\t');
    const [name, epoch, version, release, arch, source, vendor] = fields.map(absentAsEmpty);
    if (fields.length !== FIELDS_COUNT || !name || !version) unknownLines += 1;
    // Imported signing keys stand in the database as packages; they are no software.
    else if (name !== 'gpg-pubkey') {
      const prefix = epoch && epoch !== '0' ? `${epoch}:` : '';
      packages.push({
        name: clipWord(name),
        version: clipWord(`${prefix}${version}${release ? `-${release}` : ''}`),
        arch: clipWord(arch ?? ''),
        source: sourceNameOf(source ?? ''),
        origin: lineOrNull(vendor),
      });
    }
  }
  return {
    value: inPackageOrder(packages),
    unknownLines,
  };
}

const absentAsEmpty = (field: string): string => (field === '(none)' ? '' : field);

/** `openssl-1.1.1f-15.oe1.src.rpm` → `openssl`; null when the tag is absent or has another form. */
function sourceNameOf(file: string): string | null {
  const name = /^(.+)-[^-]+-[^-]+\.(?:no)?src\.rpm$/.exec(file)?.[1];
  return name === undefined ? null : clipWord(name);
}
