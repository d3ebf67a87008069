import { hash, verify } from '@node-rs/argon2';
import { AppError, type Message } from '@pilothouse/contract';

/**
 * Passwords are kept as argon2id with OWASP's first choice of cost (19 MiB, 2 passes, 1 lane), about 30 ms on the
 * reference machine. At most a few are computed at once, so that a storm of sign-ins cannot take memory and cores from
 * everything else; beyond a short queue the sign-in is refused instead.
 */
const PASSES = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const AT_ONCE_MAX = 2;
const WAITING_MAX = 32;
export const PASSWORD_CHARS_MIN = 12;

export interface Passwords {
  hash(password: string): Promise<string>;
  /** With `hashed` null (no such user) it takes the same time and answers false, so that names cannot be probed. */
  verify(hashed: string | null, password: string): Promise<boolean>;
}

export function createPasswords(): Passwords {
  let running = 0;
  const waiting: (() => void)[] = [];
  let decoy: Promise<string> | null = null;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= AT_ONCE_MAX) {
      if (waiting.length >= WAITING_MAX) throw new AppError('TOO_MANY_REQUESTS', { seconds: 5 });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return {
    hash: (password) => inTurn(() => hash(password.normalize('NFKC'), PASSES)),
    async verify(hashed, password) {
      decoy ??= hash('nobody has this password', PASSES);
      const against = hashed ?? (await decoy);
      const isRight = await inTurn(() => verify(against, password.normalize('NFKC')));
      return isRight && hashed !== null;
    },
  };
}

/** Length is what counts against guessing (NIST SP 800-63B); rules about kinds of characters are left out on purpose. */
export function requireStrongPassword(name: string, password: string): void {
  const weak = (problem: Message): AppError => new AppError('PASSWORD_WEAK', { problem });
  // Characters as people count them, so that emojis are no shortcut.
  const characters = [...new Intl.Segmenter().segment(password)].length;
  if (characters < PASSWORD_CHARS_MIN) {
    throw weak({
      en: `shorter than ${PASSWORD_CHARS_MIN} characters`,
      zh: `少于 ${PASSWORD_CHARS_MIN} 个字符`,
    });
  }
  if (password.toLowerCase().includes(name.toLowerCase())) {
    throw weak({ en: 'contains the name', zh: '包含用户名' });
  }
  if (new Set(password).size < 5)
    throw weak({ en: 'fewer than 5 different characters', zh: '不同的字符少于 5 个' });
}
