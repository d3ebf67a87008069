import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfText } from '@pilothouse/contract';
import { readIfThere, removeIfPossible } from '../data-directory.ts';
import { isUnwritable } from '../unwritable.ts';

/** The current body of each fact on disk. Losing one costs a collection, so nothing here is synced. */
export interface FactBodies {
  /** False when the disk takes nothing: the fact is collected again when the server wants its body. */
  put(fact: string, text: string): boolean;
  /** Null when the file is another one, or gone. */
  get(fact: string, digest: string): string | null;
}

export function createFactBodies(directory: string): FactBodies {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const at = (fact: string): string => join(directory, `${fact}.json`);
  return {
    put(fact, text) {
      try {
        writeFileSync(at(fact), text, { mode: 0o600 });
        return true;
      } catch (cause) {
        if (!isUnwritable(cause)) throw cause;
        removeIfPossible(at(fact));
        return false;
      }
    },
    get(fact, digest) {
      const text = readIfThere(at(fact));
      return text !== null && digestOfText(text) === digest ? text : null;
    },
  };
}
