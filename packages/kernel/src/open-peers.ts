import type { Rooms } from './create-rooms.ts';
import type { LeaderDoor } from './fronts/index.ts';
import { sayTerm } from './fronts/index.ts';
import type { KernelContext } from './kernel-context.ts';
import type { PeerOptions } from './kernel-options.ts';
import { createPeerBook, takeTerm } from './machines/index.ts';
import { readPeerAddress, showPeerAddress } from './machines/service.ts';

/** Lets fronts of other machines in, and tells them, and whoever led before, that this one leads. */
export async function openPeers(
  context: KernelContext,
  { listen, advertised }: PeerOptions,
  parts: { readonly door: LeaderDoor; readonly rooms: Pick<Rooms, 'keyFiles' | 'trust'> },
): Promise<{ readonly term: number; close(): Promise<void> }> {
  const book = await createPeerBook(context, parts.rooms);
  const far = await parts.door.listenFar(listen, book.current());
  book.onChange((credentials) => far.setCredentials(credentials));
  const { number: term, before } = await takeTerm(context, showPeerAddress(advertised));
  context.log.info('this machine leads', { term, address: showPeerAddress(advertised) });
  // It knows by itself as soon as it reaches the database; until then it would answer from what it remembers.
  if (before !== null) sayTerm(readPeerAddress(before.address), { credentials: book.current(), term });
  return { term, close: () => book.close() };
}
