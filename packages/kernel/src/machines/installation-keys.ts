/**
 * Where the private keys of an installation are.
 *
 * Problem: with several machines the next leader has to hold the authority, the envelope key and the others at once, also
 * when the machine that held them has burnt down; and the database, which all of them reach, is copied and read by more
 * people than a server's disk.
 *
 * Rule: with one machine they are files of its data directory (enrolment/key-files.ts). The first leader that has machines
 * beside it moves them into the database, each sealed under its name by the key in `keys/cluster.key`, which never enters the
 * database and which a person copies to each machine once. From then on they are there for good, whatever the settings say:
 * files that another leader has outdated would be worse than none.
 *
 * Limits: who may write to the database can put an older sealed text in the place of a newer one. Who has the file and the
 * database has every key; a machine that is given away takes both, and is answered by a new cluster key and by rotation.
 */
import { readdir } from 'node:fs/promises';
import { AppError } from '@pilothouse/contract';
import { type KeyFiles, openKeyFiles } from '../enrolment/index.ts';
import type { KernelContext } from '../kernel-context.ts';
import { CLUSTER_KEY_FILE, type ClusterKey, makeClusterKey, readClusterKey } from './cluster-key.ts';
import { machinesStore } from './machines-store.ts';

export interface InstallationKeys {
  readonly keyFiles: KeyFiles;
  /** Null while they are files of one machine. */
  readonly clusterKey: ClusterKey | null;
}

type World = Pick<KernelContext, 'store' | 'clock' | 'log'>;

/** AppError CLUSTER_KEY_MISSING, CLUSTER_KEY_WRONG. */
export async function openInstallationKeys(
  context: World,
  { directory, hasPeers }: { readonly directory: string; readonly hasPeers: boolean },
): Promise<InstallationKeys> {
  const disk = { ...(await openKeyFiles(directory)), directory };
  const isSealed = await machinesStore.hasKeys(context.store);
  if (!isSealed && !hasPeers) return { keyFiles: disk, clusterKey: null };
  const clusterKey = isSealed ? await readClusterKey(disk) : await makeClusterKey(disk);
  if (!isSealed) await moveIn(context, { clusterKey, disk });
  const keyFiles = sealedKeyFiles(context, clusterKey);
  await dropCopies(disk, keyFiles);
  return { keyFiles, clusterKey };
}

function sealedKeyFiles({ store, clock }: World, clusterKey: ClusterKey): KeyFiles {
  const find = async (name: string): Promise<string | null> => {
    const sealed = await machinesStore.key(store, name);
    return sealed === null ? null : clusterKey.open(name, sealed);
  };
  return {
    find,
    async read(name) {
      const text = await find(name);
      if (text === null) throw new AppError('ENROL_KEY_MISSING', { path: `machines_key/${name}` });
      return text;
    },
    async write(name, text) {
      const row = { name, sealed: clusterKey.seal(name, text), changedAt: clock.now() };
      await store.transaction((transaction) => machinesStore.setKey(transaction, row));
    },
    async remove(name) {
      await store.transaction((transaction) => machinesStore.removeKey(transaction, name));
    },
  };
}

type Disk = KeyFiles & { readonly directory: string };

/** All at once: a start that breaks off finds either all of them in the database or none. */
async function moveIn(
  { store, clock, log }: World,
  { clusterKey, disk }: { readonly clusterKey: ClusterKey; readonly disk: Disk },
): Promise<void> {
  const names = await namesIn(disk.directory);
  const texts = await Promise.all(names.map((name) => disk.read(name)));
  const changedAt = clock.now();
  await store.transaction(async (transaction) => {
    for (const [i, name] of names.entries()) {
      const sealed = clusterKey.seal(name, texts[i] ?? '');
      await machinesStore.setKey(transaction, { name, sealed, changedAt });
    }
  });
  log.info('moved the private keys into the database, sealed', { keys: names.length });
}

/** What the database holds as it is here is not needed here. */
async function dropCopies(disk: Disk, keyFiles: KeyFiles): Promise<void> {
  for (const name of await namesIn(disk.directory)) {
    if ((await disk.find(name)) === (await keyFiles.find(name))) await disk.remove(name);
  }
}

const namesIn = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name !== CLUSTER_KEY_FILE && !entry.name.endsWith('.new'))
    .map(({ name }) => name);
