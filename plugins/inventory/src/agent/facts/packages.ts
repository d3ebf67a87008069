import { type Collected, defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { bytes, MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import {
  type InstalledPackage,
  type OsBody,
  type PackageSystem,
  type PackagesBody,
  packagesFact,
} from '../../contract.ts';
import { osOfRelease, packageSystemsFor } from '../../domain/os-of-release.ts';
import { parseApkInstalled } from '../../domain/parse-apk-installed.ts';
import { parseAssignments } from '../../domain/parse-assignments.ts';
import { parseDpkgStatus } from '../../domain/parse-dpkg-status.ts';
import { parseRpmList, RPM_QUERY_FORMAT } from '../../domain/parse-rpm-list.ts';
import type { Parsed } from '../../domain/parsed.ts';
import { readRelease } from './os.ts';

/** A status file of 20,000 packages with long descriptions; a cut one would silently lose packages. */
const DATABASE_BYTES_MAX = bytes.mib(64);

/** Where rpm keeps its database, by release: older, then newer. */
const RPM_DATABASES = ['/var/lib/rpm', '/usr/lib/sysimage/rpm', '/usr/share/rpm'];

/**
 * What is installed, from the package system's own database: dpkg's and apk's are text and read directly, rpm's is asked
 * through `rpm`, whose formats on disk differ by release. Says nothing of available updates.
 */
export const packagesCollector = defineCollector({
  fact: packagesFact,
  // rpm on a slow disk with a cold cache and 3,000 packages.
  timeoutMs: MINUTE_MS,
  sources: [
    '/var/lib/dpkg/status',
    '/lib/apk/db/installed',
    // rpm's database is one file in these, by release; writing it touches the file, not always the directory.
    ...RPM_DATABASES.flatMap((path) => [
      `${path}/rpmdb.sqlite`,
      `${path}/rpmdb.sqlite-wal`,
      `${path}/Packages`,
    ]),
  ],
  async collect(host) {
    const release = parseAssignments((await readRelease(host)) ?? '').value;
    const { family } = osOfRelease(release);
    let fallback: Collected<PackagesBody> | null = null;
    for (const system of packageSystemsFor(family)) {
      const found = await READERS[system](host, family);
      if (found === null) continue;
      if (found.kind === 'present' && found.body.packages.length > 0) return found;
      fallback ??= found;
    }
    return (
      fallback ?? {
        kind: 'absent',
        reason: 'not-supported',
        detail: {
          en: 'look for the database of dpkg, rpm or apk: there is none',
          zh: '查找 dpkg、rpm 或 apk 的数据库：不存在',
        },
      }
    );
  },
});

/** Each answers null when its package system is not on this host. */
const READERS: Record<
  PackageSystem,
  (host: HostAccess, family: OsBody['family']) => Promise<Collected<PackagesBody> | null>
> = {
  dpkg: (host) =>
    readDatabase(host, { system: 'dpkg', path: '/var/lib/dpkg/status', parse: parseDpkgStatus }),
  apk: (host) =>
    readDatabase(host, { system: 'apk', path: '/lib/apk/db/installed', parse: parseApkInstalled }),
  rpm: askRpm,
};

async function readDatabase(
  host: HostAccess,
  source: {
    system: PackageSystem;
    path: string;
    parse: (text: string) => Parsed<InstalledPackage[]>;
  },
): Promise<Collected<PackagesBody> | null> {
  const text = await host.readText(source.path, DATABASE_BYTES_MAX);
  if (text === null) return null;
  // In bytes, as it was read: letters beyond ASCII are fewer.
  if (Buffer.byteLength(text) >= DATABASE_BYTES_MAX) {
    return {
      kind: 'absent',
      reason: 'too-large',
      detail: { en: `read ${source.path}`, zh: `读取 ${source.path}` },
    };
  }
  const parsed = source.parse(text);
  return {
    kind: 'present',
    body: { system: source.system, packages: parsed.value },
    unknownLines: parsed.unknownLines,
  };
}

async function askRpm(host: HostAccess, family: OsBody['family']): Promise<Collected<PackagesBody> | null> {
  const places = await Promise.all(RPM_DATABASES.map((path) => host.list(path)));
  const hasDatabase = places.some((names) => names !== null && names.length > 0);
  // Where there is no database, rpm makes one; it is asked only on systems that are rpm's own.
  if (!hasDatabase && family !== 'rhel' && family !== 'suse') return null;
  const answer = await host.run('rpm', ['-qa', '--queryformat', RPM_QUERY_FORMAT], {
    timeoutMs: 50 * SECOND_MS,
    outputBytesMax: DATABASE_BYTES_MAX,
  });
  if (answer === null) {
    return hasDatabase
      ? { kind: 'absent', reason: 'tool-missing', detail: { en: 'run rpm -qa', zh: '运行 rpm -qa' } }
      : null;
  }
  if (answer.isCut)
    return { kind: 'absent', reason: 'too-large', detail: { en: 'run rpm -qa', zh: '运行 rpm -qa' } };
  if (answer.exitCode !== 0) {
    return hasDatabase
      ? {
          kind: 'absent',
          reason: 'failed',
          detail: {
            en: `run rpm -qa: exit code ${answer.exitCode}`,
            zh: `运行 rpm -qa：退出码 ${answer.exitCode}`,
          },
        }
      : null;
  }
  const parsed = parseRpmList(answer.stdout);
  if (parsed.value.length === 0 && !hasDatabase) return null;
  return {
    kind: 'present',
    body: { system: 'rpm', packages: parsed.value },
    unknownLines: parsed.unknownLines,
  };
}
