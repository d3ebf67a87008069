import { bytes, MINUTE_MS } from '@pilothouse/base';
import { defineFact } from '@pilothouse/contract';
import { z } from 'zod';

export const MANAGED_FILES_MAX = 2000;
/** Where a host remembers which files are managed, and how they shall be. */
export const MANAGED_LIST = '/var/lib/pilothouse/managed-files.json';

export const ManagedFilesBody = z.object({
  /** Sorted by path. */
  files: z.array(
    z.object({
      path: z.string().max(4096),
      /** SHA-256 that its content shall have; empty where there shall be no file. */
      digest: z.string().max(64),
      drift: z.enum(['none', 'content', 'attributes', 'missing', 'unexpected']),
    }),
  ),
});
export type ManagedFilesBody = z.infer<typeof ManagedFilesBody>;

export const managedFilesFact = defineFact({
  name: 'managed-files',
  title: { en: 'Managed files', zh: '受管文件' },
  body: ManagedFilesBody,
  isShared: true,
  sizeBytesMax: bytes.mib(1),
  // A managed file that somebody touches is seen within five minutes: a watch looks that often.
  intervalMs: 30 * MINUTE_MS,
});
