import { randomBytes } from 'node:crypto';
import type { Clock } from '@pilothouse/base';
import { z } from 'zod';
import type { KeyFiles } from '../enrolment/index.ts';

const FILE = 'session-tickets.json';
/** What node:tls takes: name, HMAC key and AES key. */
const KEY_BYTES = 48;
const Stored = z.object({ createdAt: z.number(), key: z.base64() });

/** The key under which TLS session tickets are sealed. */
export interface TicketKeys {
  /** The key of this hour, from the file when it is young enough. */
  current(): Promise<Buffer>;
  /**
   * The key that agents hold tickets under: that of the file, so that sessions resume after a restart, also when it was about
   * to be changed. It is changed when it is next looked at.
   */
  atStart(): Promise<Buffer>;
}

/**
 * Whoever holds a ticket resumes without the host's private key, and whoever holds this key can make tickets: it is kept
 * like a private key and lives an hour, or two over a restart. Tickets of the hour before mean one full handshake more, nothing else.
 */
export function createTicketKeys(files: KeyFiles, clock: Clock, lifeMs: number): TicketKeys {
  const youngerThan = async (ageMaxMs: number): Promise<Buffer> => {
    const text = await files.find(FILE);
    const stored = text === null ? null : Stored.safeParse(parseJson(text));
    const ageMs = stored?.success ? clock.now() - stored.data.createdAt : Number.POSITIVE_INFINITY;
    if (stored?.success && ageMs >= 0 && ageMs < ageMaxMs) {
      const key = Buffer.from(stored.data.key, 'base64');
      if (key.length === KEY_BYTES) return key;
    }
    const key = randomBytes(KEY_BYTES);
    const made: z.infer<typeof Stored> = { createdAt: clock.now(), key: key.toString('base64') };
    await files.write(FILE, JSON.stringify(made));
    return key;
  };
  return { current: () => youngerThan(lifeMs), atStart: () => youngerThan(2 * lifeMs) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A damaged file is replaced like one that is too old.
    return null;
  }
}
