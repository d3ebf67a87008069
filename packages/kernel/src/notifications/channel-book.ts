import { AppError, type Channel, ChannelSettings } from '@pilothouse/contract';
import type { ChannelRow } from './notifications-store.ts';
import type { EmailTarget, Target } from './outgoing.ts';
import type { SealBox } from './seal.ts';

/** The channels as they stand, with what is needed to send by them. */
export interface ChannelBook {
  readonly rows: ReadonlyMap<string, ChannelRow>;
  put(row: ChannelRow): void;
  drop(name: string): void;
  /** Null when there is no such channel. */
  targetOf(name: string): Target | null;
  /** Settings with the secrets that they leave out, taken from the channel as it is. */
  completed(settings: ChannelSettings, name: string): Target;
  /** What is stored of a target. */
  seal(target: Target): string;
}

export function createChannelBook(box: SealBox, rows: readonly ChannelRow[]): ChannelBook {
  const byName = new Map(rows.map((row) => [row.channel.name, row]));
  const targetOf = (name: string): Target | null => {
    const row = byName.get(name);
    if (row === undefined) return null;
    return withSecrets(ChannelSettings.parse(JSON.parse(box.open(row.sealed))), null);
  };
  return {
    rows: byName,
    put: (row) => void byName.set(row.channel.name, row),
    drop: (name) => void byName.delete(name),
    targetOf,
    completed: (settings, name) => withSecrets(settings, targetOf(name)),
    seal: (target) => box.seal(JSON.stringify(target)),
  };
}

function withSecrets(settings: ChannelSettings, before: Target | null): Target {
  if (settings.kind === 'webhook') {
    const { secret = before?.kind === 'webhook' ? before.secret : null, ...rest } = settings;
    return { ...rest, secret };
  }
  const { password = keptPassword(settings, before), ...rest } = settings;
  return { ...rest, password };
}

/**
 * The password as it was, which whoever changes a channel need not know; so it goes nowhere but where it was to go. AppError
 * INVALID_REQUEST.
 */
function keptPassword(settings: Pick<EmailTarget, 'host' | 'port' | 'tls'>, before: Target | null) {
  if (before?.kind !== 'email' || before.password === null) return null;
  const { host, port, tls } = settings;
  if (host === before.host && port === before.port && tls === before.tls) return before.password;
  throw new AppError('INVALID_REQUEST', {
    where: 'body.password',
    problem: {
      en: 'give it again: it was given for another server or way',
      zh: '请重新提供：原密码用于其他服务器或连接方式',
    },
  });
}

export function viewTarget(target: Target): Pick<Channel, 'kind' | 'address' | 'to' | 'hasSecret'> {
  if (target.kind === 'webhook') {
    const { origin } = new URL(target.url);
    return { kind: 'webhook', address: origin, to: [], hasSecret: target.secret !== null };
  }
  const { host, port, to, password } = target;
  return { kind: 'email', address: `${host}:${port}`, to: [...to], hasSecret: password !== null };
}
