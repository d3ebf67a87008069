import { errorCode } from '@pilothouse/base';

const UNWRITABLE: ReadonlySet<string | null> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

/**
 * Whether an error says that nothing can be written now: no room on the disk or within the user's quota, a file system that
 * errors have made read-only, a disk that fails. It is no mistake of ours, and must not end the agent where it can go on.
 */
export const isUnwritable = (cause: unknown): boolean => UNWRITABLE.has(errorCode(cause));
