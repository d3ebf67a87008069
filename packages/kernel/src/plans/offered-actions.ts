import { hash } from 'node:crypto';
import {
  canonicalJson,
  Digest,
  defineMessages,
  type HostId,
  type LackingHost,
  type Message,
  ReasonText,
} from '@pilothouse/contract';
import { z } from 'zod';
import type { OpenSession } from '../gateway/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { type OfferedRow, readOffered, writeOffered } from './store.ts';

/** Reasons of agents that know one language are texts, as they were stored before there were two. */
const Offered = z.object({
  actions: z.record(z.string(), Digest),
  absent: z.record(z.string(), z.union([z.string(), ReasonText])),
});
type Offered = z.infer<typeof Offered>;
type Lack = Pick<LackingHost, 'action' | 'reason' | 'detail'> & { readonly why?: ReasonText };

const LACKS = defineMessages({
  'not-offered': { en: 'its version does not know it', zh: '其版本不认识该操作' },
  'other-version': { en: 'its version expects other parameters', zh: '其版本要求不同的参数' },
});

/** For a person who asks why a host was passed over. */
export function lackText({ reason, detail, why }: Lack): Message {
  return reason === 'not-here' ? (why ?? { en: detail, zh: detail }) : LACKS[reason];
}

/**
 * Which actions each agent said it can carry out, as last heard, also of hosts that are offline now. Agents of one
 * version say the same, so what they say is kept once and hosts name it by digest.
 */
export interface OfferedActions {
  note(session: OpenSession): void;
  /** The first action that the host lacks; null when none, or when its agent was never heard. */
  lackOf(hostId: HostId, schemas: Readonly<Record<string, Digest>>): Lack | null;
  /** Resolves when everything noted so far is on disk. */
  flush(): Promise<void>;
}

export async function createOfferedActions(context: KernelContext): Promise<OfferedActions> {
  const stored = await readOffered(context.store);
  const bodies = new Map<Digest, Offered>();
  for (const [digest, body] of stored.bodies) bodies.set(digest, Offered.parse(body));
  const digestByHost = new Map(stored.hosts.map((row) => [row.hostId, row.digest]));
  let pending = new Map<HostId, Digest>();
  let writing: Promise<void> | null = null;

  const writeAll = async (): Promise<void> => {
    while (pending.size > 0) {
      const rows: OfferedRow[] = [...pending].map(([hostId, digest]) => ({ hostId, digest }));
      pending = new Map();
      const texts = new Map<Digest, string>();
      for (const { digest } of rows) texts.set(digest, canonicalJson(bodies.get(digest) ?? {}));
      await context.store.transaction((transaction) => writeOffered(transaction, texts, rows));
    }
  };
  const flush = (): Promise<void> => {
    writing ??= writeAll()
      .catch((error: unknown) => context.log.error('offered actions not written', { error }))
      .finally(() => {
        writing = null;
        if (pending.size > 0) void flush();
      });
    return writing;
  };

  return {
    note({ hostId, hello }) {
      const offered: Offered = {
        actions: hello.actions,
        absent: { ...hello.actionsAbsent, ...hello.actionsAbsentWhy },
      };
      const digest = hash('sha256', canonicalJson(offered));
      if (digestByHost.get(hostId) === digest) return;
      bodies.set(digest, offered);
      digestByHost.set(hostId, digest);
      pending.set(hostId, digest);
      void flush();
    },
    lackOf(hostId, schemas) {
      const offered = bodies.get(digestByHost.get(hostId) ?? '');
      if (offered === undefined) return null;
      for (const [action, schema] of Object.entries(schemas)) {
        const known = offered.actions[action];
        if (known === schema) continue;
        if (known !== undefined) return { action, reason: 'other-version', detail: '' };
        const why = offered.absent[action];
        if (why === undefined) return { action, reason: 'not-offered', detail: '' };
        if (typeof why === 'string') return { action, reason: 'not-here', detail: why };
        return { action, reason: 'not-here', detail: why.en, why };
      }
      return null;
    },
    flush,
  };
}
