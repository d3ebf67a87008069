import type { AuthorityService } from '../../authority/service.ts';
import { createListeners } from '../../listeners.ts';
import type { NotificationsService } from '../../notifications/service.ts';

/** People who approve when the world says so. */
export function virtualAuthority() {
  const { tell, listen } = createListeners<string>();
  const needed = new Set<string>();
  const authority: AuthorityService = {
    missingFor: async ({ digest }) => (needed.has(digest) ? { approvals: { required: 1, given: 0 } } : null),
    authorityOf: async () => undefined,
    onChanged: listen,
  };
  return {
    authority,
    needed,
    approve(digest: string): void {
      if (needed.delete(digest)) tell(digest);
    },
  };
}

export const virtualNotifications = (): NotificationsService => ({
  enqueue: async () => undefined,
  hasChannel: () => true,
});
