import type { OsBody, PackageSystem } from '../contract.ts';
import { clipLine, clipWord } from './parsed.ts';

export type OsRelease = Pick<
  OsBody,
  'id' | 'versionId' | 'name' | 'prettyName' | 'codename' | 'idLike' | 'family'
>;

const RHEL_IDS = new Set([
  'rhel',
  'centos',
  'fedora',
  'rocky',
  'almalinux',
  'ol',
  'openeuler',
  'kylin',
  'anolis',
  'amzn',
  'uos',
]);
const DEBIAN_IDS = new Set(['debian', 'ubuntu', 'raspbian', 'deepin']);
const SUSE_IDS = new Set(['suse', 'sles', 'opensuse', 'opensuse-leap', 'opensuse-tumbleweed']);

/** The identifying fields of os-release(5). A host without the file is `linux`, as the standard says. */
export function osOfRelease(fields: ReadonlyMap<string, string>): OsRelease {
  const id = clipWord(fields.get('ID') || 'linux');
  const idLike = (fields.get('ID_LIKE') ?? '').split(/\s+/).filter((like) => like !== '');
  const name = clipLine(fields.get('NAME') || 'Linux');
  const codename = fields.get('VERSION_CODENAME') || codenameIn(fields.get('VERSION') ?? '');
  return {
    id,
    versionId: clipWord(fields.get('VERSION_ID') ?? ''),
    name,
    prettyName: clipLine(fields.get('PRETTY_NAME') || name),
    codename: codename === null ? null : clipWord(codename),
    idLike: idLike.map(clipWord),
    family: familyOf([id, ...idLike]),
  };
}

/** `12 (bookworm)` and `22.03 (LTS-SP4)` name it only here. */
const codenameIn = (version: string): string | null => /\(([^()]+)\)/.exec(version)?.[1]?.trim() ?? null;

function familyOf(ids: readonly string[]): OsBody['family'] {
  for (const id of ids.map((text) => text.toLowerCase())) {
    if (RHEL_IDS.has(id)) return 'rhel';
    if (DEBIAN_IDS.has(id)) return 'debian';
    if (SUSE_IDS.has(id)) return 'suse';
    if (id === 'alpine') return 'alpine';
    if (id === 'arch') return 'arch';
  }
  return 'other';
}

/** Where to look for the package database first; a host may carry the tools of another system as well. */
export function packageSystemsFor(family: OsBody['family']): readonly PackageSystem[] {
  if (family === 'rhel' || family === 'suse') return ['rpm', 'dpkg', 'apk'];
  if (family === 'alpine') return ['apk', 'dpkg', 'rpm'];
  return ['dpkg', 'rpm', 'apk'];
}
