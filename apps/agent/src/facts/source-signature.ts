import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Beyond it a file of the kernel is too large to be looked at every few seconds; its beginning then has to do. */
const TEXT_BYTES_MAX = 64 * 1024;

/**
 * What a path is known by: equal as long as nothing has changed there. The kernel's own files have times that say nothing,
 * so of these the text counts, and of its directories the names. `-` for what is not there, or may not be looked at.
 */
export function sourceSignature(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return '-';
    if (!/^\/(?:proc|sys)\//.test(path)) return String(found.mtimeMs);
    return found.isDirectory() ? readdirSync(path).join(' ') : readStart(path);
  } catch {
    // Gone in between, or not for this user: it could not be collected either.
    return '-';
  }
}

function readStart(path: string): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(TEXT_BYTES_MAX);
    return buffer.toString('latin1', 0, readSync(file, buffer, 0, TEXT_BYTES_MAX, 0));
  } finally {
    closeSync(file);
  }
}

/** When content, owner or mode last changed. Not in one go: people name the path, and it may lead to another machine. */
export async function changedAt(path: string): Promise<number | null> {
  // A path through what is no directory: there is nothing.
  const found = await stat(path).catch(() => null);
  return found === null ? null : found.ctimeMs;
}
