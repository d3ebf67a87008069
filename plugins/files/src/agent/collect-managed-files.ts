import { type Collected, defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { compareText, SECOND_MS } from '@pilothouse/base';
import { MANAGED_LIST, type ManagedFilesBody, managedFilesFact } from '../contract/facts.ts';
import { driftOf, type FileState, modeText } from '../domain/file-state.ts';
import { digestOf, FILE_BYTES_MAX } from './look-at-file.ts';
import { parseManagedList } from './managed-list.ts';

/** Which files are managed on this host, and whether they still lie there as they shall. */
export const managedFilesCollector = defineCollector({
  fact: managedFilesFact,
  timeoutMs: 20 * SECOND_MS,
  sources: [MANAGED_LIST],
  async collect(host): Promise<Collected<ManagedFilesBody>> {
    const text = await host.readText(MANAGED_LIST);
    const managed = text === null ? {} : parseManagedList(text);
    if (managed === null)
      return {
        kind: 'absent',
        reason: 'failed',
        detail: { en: `read ${MANAGED_LIST}: it is damaged`, zh: `读取 ${MANAGED_LIST}：已损坏` },
      };
    const paths = Object.keys(managed).sort(compareText);
    const attributes = await attributesOf(host, paths);
    if (!(attributes instanceof Map)) return attributes;
    const files: ManagedFilesBody['files'] = [];
    for (const path of paths) {
      const entry = managed[path];
      if (entry === undefined) continue;
      const now = await stateOf(host, path, attributes.get(path));
      files.push({ path, digest: entry.digest, drift: driftOf(entry, now, digestOf) });
    }
    return { kind: 'present', body: { files }, unknownLines: 0 };
  },
});

interface Attributes {
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly isFile: boolean;
}

/** One process for all of them; paths hold no control characters, so a line is a file. */
async function attributesOf(
  host: HostAccess,
  paths: readonly string[],
): Promise<Map<string, Attributes> | Extract<Collected<ManagedFilesBody>, { kind: 'absent' }>> {
  const found = new Map<string, Attributes>();
  if (paths.length === 0) return found;
  // The tabs are real ones, and `-c` is known to BusyBox as well. Exit code 1 says that some are not there.
  const answer = await host.run('stat', ['-c', '%f\t%u\t%g\t%n', '--', ...paths]);
  if (answer === null || answer.exitCode === null || answer.isCut)
    return {
      kind: 'absent',
      reason: answer === null ? 'tool-missing' : 'failed',
      detail: { en: 'run stat', zh: '运行 stat' },
    };
  for (const line of answer.stdout.split('\n')) {
    const [raw = '', uid = '', gid = '', ...path] = line.split('\t');
    const mode = Number.parseInt(raw, 16);
    if (Number.isNaN(mode)) continue;
    found.set(path.join('\t'), {
      mode: modeText(mode),
      uid: Number(uid),
      gid: Number(gid),
      isFile: (mode & 0o170000) === 0o100000,
    });
  }
  return found;
}

async function stateOf(
  host: HostAccess,
  path: string,
  attributes: Attributes | undefined,
): Promise<FileState> {
  if (attributes === undefined) return { kind: 'absent' };
  if (!attributes.isFile) return { kind: 'other', what: 'not a file' };
  const text = await host.readText(path, FILE_BYTES_MAX);
  const { mode, uid, gid } = attributes;
  return { kind: 'file', content: Buffer.from(text ?? ''), mode, uid, gid };
}
