import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode } from '@pilothouse/base';
import { writeWhole } from './write-whole.ts';

/** Where the agent keeps what must outlive it. Everything in it is for the agent's user alone. */
export interface DataDirectory {
  readonly path: string;
  readonly identity: string;
  readonly trust: string;
  /** What this host asks for before it does anything: written by people on the host, never by the agent. */
  readonly trustPolicy: string;
  /** What it did and by whose word, for people: two files, the older one with `.1` behind its name. */
  readonly history: string;
  readonly journal: string;
  readonly tasks: string;
  readonly outputBodies: string;
  readonly factBodies: string;
  readonly undo: string;
  /** Programs of the host's own that run before a reboot: written by people on the host, never by the agent. */
  readonly drains: string;
  /** While this file exists the host refuses all tasks. */
  readonly hold: string;
  readonly status: string;
  /** The newest signed end of the server's audit log that this host was told. */
  readonly auditCheckpoint: string;
  /** Names the socket by which a second agent on the same directory is noticed. */
  readonly instance: string;
}

/** Makes the directory where there is none. */
export function openDataDirectory(path: string): DataDirectory {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return dataDirectoryAt(path);
}

/** The names alone, whatever is there. */
export function dataDirectoryAt(path: string): DataDirectory {
  return {
    path,
    identity: join(path, 'identity.json'),
    trust: join(path, 'trust.json'),
    trustPolicy: join(path, 'trust-policy.json'),
    history: join(path, 'history.jsonl'),
    journal: join(path, 'journal'),
    tasks: join(path, 'tasks'),
    outputBodies: join(path, 'output-bodies'),
    factBodies: join(path, 'facts'),
    undo: join(path, 'undo'),
    drains: join(path, 'drain.d'),
    hold: join(path, 'hold'),
    status: join(path, 'status.json'),
    auditCheckpoint: join(path, 'audit-checkpoint.json'),
    instance: join(path, 'instance'),
  };
}

/** Null when there is no such file. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return null;
    throw cause;
  }
}

/** False only where the system says that there is none: a disk that fails says of a file that it cannot tell. */
export function mayBeThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** All of it or nothing, also through a power cut and on a disk that is filling up; readable by the agent's user alone. */
export function writeDurably(path: string, content: string | Uint8Array): void {
  const unfinished = `${path}.new`;
  const file = openSync(unfinished, 'w', 0o600);
  try {
    writeWhole(file, content);
    fsyncSync(file);
  } catch (cause) {
    // What is half done takes room that somebody else needs.
    removeIfPossible(unfinished);
    throw cause;
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

export const removeIfThere = (path: string): void => rmSync(path, { force: true });

/** For what nobody needs any more: where nothing can be written it stays. */
export function removeIfPossible(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // A disk that is read-only or fails; the runtime names neither by its code here.
  }
}
