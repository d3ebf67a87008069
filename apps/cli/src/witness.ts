/**
 * What this computer saw of a server's audit log: the newest signed checkpoint, kept outside the server's reach. With it a
 * cut-off tail or a log written anew is found out. It only ever moves forward: a checkpoint of an earlier record than the
 * kept one is exactly what a cut-off log would show, so it never takes its place.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@pilothouse/base';
import type { Client } from '@pilothouse/client';
import { AuditCheckpoint, auditRoutes, isAppError } from '@pilothouse/contract';
import { writePrivate } from './config-file.ts';

/** Once a day is enough to bound what could be cut off unseen, and no command is slower for it. */
const FRESH_MS = 86_400_000;

export interface WitnessFile {
  readonly path: string;
  read(): Promise<AuditCheckpoint | null>;
  /** Null also when there is none. */
  ageMs(nowMs: number): Promise<number | null>;
  write(checkpoint: AuditCheckpoint): Promise<void>;
}

export function witnessFile(directory: string, url: string): WitnessFile {
  const name = createHash('sha256').update(url).digest('hex').slice(0, 16);
  const path = join(directory, 'witness', `${name}.json`);
  return {
    path,
    async read() {
      const text = await readFile(path, 'utf8').catch(() => null);
      if (text === null) return null;
      return checkpointOf(text);
    },
    async ageMs(nowMs) {
      const found = await stat(path).catch(() => null);
      return found === null ? null : nowMs - found.mtimeMs;
    },
    write: (checkpoint) => writePrivate(path, `${JSON.stringify(checkpoint)}\n`),
  };
}

/** Null: it is damaged, and nothing is known by it. */
export function checkpointOf(text: string): AuditCheckpoint | null {
  try {
    return AuditCheckpoint.parse(JSON.parse(text));
  } catch {
    // No JSON, or JSON of something else.
    return null;
  }
}

export type WitnessNews =
  | { readonly kind: 'kept' }
  /** The server's log ends before what this computer has seen. */
  | { readonly kind: 'shorter'; readonly kept: number; readonly now: number };

/** Takes the server's newest checkpoint as the witness, unless it is older than the kept one. */
export async function renewWitness(file: WitnessFile, client: Client): Promise<WitnessNews> {
  const [kept, now] = await Promise.all([file.read(), client.call(auditRoutes.checkpoint)]);
  if (kept !== null && now.sequence < kept.sequence) {
    return { kind: 'shorter', kept: kept.sequence, now: now.sequence };
  }
  await file.write(now);
  return { kind: 'kept' };
}

/** The same after a command that worked, when the witness is old. A server that will not say, or a disk that takes none, does no harm. */
export async function renewOldWitness(
  file: WitnessFile,
  client: Client,
  nowMs: number,
): Promise<WitnessNews> {
  const ageMs = await file.ageMs(nowMs);
  if (ageMs !== null && ageMs < FRESH_MS) return { kind: 'kept' };
  try {
    return await renewWitness(file, client);
  } catch (error) {
    if (isAppError(error) || errorCode(error) !== null) return { kind: 'kept' };
    throw error;
  }
}
