import { type Channel, ChannelSettings } from '@pilothouse/contract';
import type { ChannelRow } from './notifications-store.ts';
import type { Target } from './outgoing.ts';
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
  const { password = before?.kind === 'email' ? before.password : null, ...rest } = settings;
  return { ...rest, password };
}

export function viewTarget(target: Target): Pick<Channel, 'kind' | 'address' | 'to' | 'hasSecret'> {
  if (target.kind === 'webhook') {
    const { origin } = new URL(target.url);
    return { kind: 'webhook', address: origin, to: [], hasSecret: target.secret !== null };
  }
  const { host, port, to, password } = target;
  return { kind: 'email', address: `${host}:${port}`, to: [...to], hasSecret: password !== null };
}
