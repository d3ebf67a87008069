import { z } from 'zod';
import { AfterChange } from '../contract/actions.ts';
import { ManagedFile } from '../domain/file-state.ts';

const Kept = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('absent') }),
  z.object({
    kind: z.literal('file'),
    /** base64: a file that was there before may hold any bytes. */
    content: z.string(),
    mode: z.string(),
    uid: z.number().int(),
    gid: z.number().int(),
  }),
]);

/** What a rollback restores from: the file as it was, and by what it is known that nobody changed it since. */
export const FileRecord = z.object({
  path: z.string(),
  before: Kept,
  /** SHA-256 of what was written; null: the file was removed. */
  digestAfter: z.string().nullable(),
  after: z.array(AfterChange),
  managedBefore: ManagedFile.nullable(),
});
export type FileRecord = z.infer<typeof FileRecord>;

/** `files.forget` changes the list alone. */
export const ForgetRecord = z.object({ path: z.string(), managedBefore: ManagedFile });
export type ForgetRecord = z.infer<typeof ForgetRecord>;
