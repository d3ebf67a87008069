import { z } from 'zod';

export const PAGE_SIZE_DEFAULT = 100;
/** Above this a page takes longer to render than to fetch twice. */
export const PAGE_SIZE_MAX = 1000;

/** Cursor paging: `cursor` is opaque, comes from the page before, and stays valid while rows come and go. */
export const PageQuery = z.object({
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_SIZE_MAX).default(PAGE_SIZE_DEFAULT),
});
export type PageQuery = z.infer<typeof PageQuery>;

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    /** Null on the last page. */
    nextCursor: z.string().nullable(),
  });

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}
