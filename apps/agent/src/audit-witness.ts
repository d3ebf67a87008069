import { AuditCheckpoint, CHECKPOINT_TAG, checkpointText, type EnvelopeKey } from '@pilothouse/contract';
import { readIfThere, writeDurably } from './data-directory.ts';
import type { AgentLog } from './log.ts';
import { isSignedBy } from './tasks/verify-envelope.ts';

/**
 * This host as a witness of the server's audit log: it keeps the newest signed checkpoint that it was told, in a file that
 * `pilothouse-server audit verify --witness` reads. Nothing else here depends on it, and nothing takes it back: a server
 * that tells of an older or another end of its log has lost records or has written them anew, and the kept file shows it.
 */
export interface AuditWitness {
  /** Takes a checkpoint that a trusted key signed and that is newer than the kept one. */
  learn(checkpoint: AuditCheckpoint, trustedKeys: readonly EnvelopeKey[]): void;
}

export function createAuditWitness(path: string, log: AgentLog): AuditWitness {
  let kept = readWitness(path);
  return {
    learn(checkpoint, trustedKeys) {
      const { sequence, hash, keyId, signature } = checkpoint;
      const signatures = [{ keyId, value: signature }];
      if (!isSignedBy(trustedKeys, CHECKPOINT_TAG, checkpointText(checkpoint), signatures))
        return log.warn('audit checkpoint is not signed by a trusted key', { keyId });
      if (kept !== null && sequence <= kept.sequence) {
        if (sequence < kept.sequence || hash !== kept.hash)
          log.warn('the audit log is not the one that was witnessed', { sequence, kept: kept.sequence });
        return;
      }
      try {
        writeDurably(path, `${JSON.stringify(checkpoint)}\n`);
        kept = checkpoint;
      } catch (cause) {
        // A full disk must not end a session over it; the next checkpoint is tried again.
        log.warn('audit checkpoint could not be kept', { cause: String(cause) });
      }
    },
  };
}

/** Null when there is none, or none that can be read: then the next one is taken. */
export function readWitness(path: string): AuditCheckpoint | null {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    return AuditCheckpoint.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Not JSON, so not a checkpoint.
    return null;
  }
}
