import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { arch, hostname } from 'node:os';
import { dirname } from 'node:path';
import { createHostAccess, lookUpUser } from '@pilothouse/agent-kit';
import { errorCode } from '@pilothouse/base';
import { CONTENT_CHARS_MAX, type ManageFileParameters } from '../contract/actions.ts';
import { type FileState, modeText, type WantedFile } from '../domain/file-state.ts';
import { labelsOfTemplate, renderTemplate, type TemplateHost } from '../domain/render-template.ts';
import type { FilePlace } from './open-place.ts';

/** What is there must be kept for the way back, too. UTF-8 has up to four bytes a character. */
export const FILE_BYTES_MAX = 4 * CONTENT_CHARS_MAX;
const MODE_NEW = '0644';

export interface Trouble {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export const digestOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
export const isTrouble = (value: object): value is Trouble => 'code' in value;

/** The file at a path, links not followed. */
export async function lookAtFile({ path, at, directory }: FilePlace): Promise<FileState | Trouble> {
  // What may have come under its name since was not opened, and is not looked at.
  if (directory === null) return { kind: 'absent' };
  const found = await lstat(at).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return null;
    throw cause;
  });
  if (found === null) return { kind: 'absent' };
  // Before it is opened: opening some devices does something.
  if (!found.isFile()) return notRegular(path, found);
  return readRegular({ path, at });
}

/**
 * All of it from one handle, neither following a link nor waiting for a pipe: whoever owns the directory can put another
 * file there at any moment, and would otherwise have root read what is not theirs, or wait for ever.
 */
export async function readRegular({
  path,
  at,
}: Pick<FilePlace, 'path' | 'at'>): Promise<FileState | Trouble> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let handle: FileHandle;
  try {
    handle = await open(at, flags);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT') return { kind: 'absent' };
    if (code === 'ELOOP') return { code: 'FILES_NOT_REGULAR', details: { path, what: 'a link' } };
    throw cause;
  }
  try {
    const found = await handle.stat();
    if (!found.isFile()) return notRegular(path, found);
    if (found.size > FILE_BYTES_MAX) return tooLarge(path, found.size);
    const content = await handle.readFile();
    const { mode, uid, gid } = found;
    return { kind: 'file', content, mode: modeText(mode), uid, gid };
  } finally {
    await handle.close();
  }
}

const notRegular = (path: string, found: Stats): Trouble => ({
  code: 'FILES_NOT_REGULAR',
  details: {
    path,
    what: found.isSymbolicLink() ? 'a link' : found.isDirectory() ? 'a directory' : 'special',
  },
});

const tooLarge = (path: string, sizeBytes: number): Trouble => ({
  code: 'FILES_TOO_LARGE',
  details: { path, sizeBytes, limitBytes: FILE_BYTES_MAX },
});

/** How the file shall be on this host: template filled, names of people turned into ids. */
export async function wantedFile(
  parameters: ManageFileParameters,
  now: FileState,
  place: FilePlace,
): Promise<WantedFile | Trouble> {
  const { path, content, isTemplate, values, mode, owner, group } = parameters;
  if (parameters.state === 'absent') return { kind: 'absent' };
  const [label] = isTemplate ? labelsOfTemplate(content) : [];
  if (label !== undefined) return { code: 'FILES_LABEL_NOT_FILLED', details: { path, label } };
  if (place.directory === null)
    return { code: 'FILES_DIRECTORY_MISSING', details: { directory: dirname(path) } };
  const uid = owner === undefined ? undefined : (await lookUpUser(owner))?.uid;
  if (owner !== undefined && uid === undefined)
    return { code: 'FILES_OWNER_UNKNOWN', details: { name: owner } };
  const gid = group === undefined ? undefined : await groupIdOf(group);
  if (gid === null) return { code: 'FILES_OWNER_UNKNOWN', details: { name: group } };
  const before = now.kind === 'file' ? now : { mode: MODE_NEW, uid: 0, gid: 0 };
  const text = isTemplate ? renderTemplate(content, values, await describeHost()) : content;
  // A few places and long values make much of little; what is larger could not be looked at again, nor taken back.
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > FILE_BYTES_MAX) return tooLarge(path, sizeBytes);
  return {
    kind: 'file',
    content: Buffer.from(text),
    mode: mode ?? before.mode,
    uid: uid ?? before.uid,
    gid: gid ?? before.gid,
  };
}

/** Through getent, so that groups of LDAP and the like are found, too. */
async function groupIdOf(name: string): Promise<number | null> {
  const answer = await createHostAccess().run('getent', ['group', name]);
  const id = answer?.stdout.split(':')[2];
  return id !== undefined && /^\d+$/.test(id) ? Number(id) : null;
}

async function describeHost(): Promise<TemplateHost> {
  const release = (await createHostAccess().readText('/etc/os-release')) ?? '';
  const field = (name: string): string =>
    new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(release)?.[1] ?? '';
  const machine = arch() === 'x64' ? 'x86_64' : arch() === 'arm64' ? 'aarch64' : arch();
  return { name: hostname(), arch: machine, osId: field('ID'), osVersion: field('VERSION_ID') };
}
