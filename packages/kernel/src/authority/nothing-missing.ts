import type { AuthorityService } from './service.ts';

/** For tests of other rooms: every plan may start, and nobody signed anything. */
export const nothingMissing = (): AuthorityService => ({
  missingFor: async () => null,
  authorityOf: async () => undefined,
  onChanged: () => () => {},
});
