import { errorCode } from '@pilothouse/base';

const FULL: ReadonlySet<string | null> = new Set(['ENOSPC', 'EDQUOT']);

/** Whether an error says that there is no room: on the disk, or within the user's quota. */
export const isDiskFull = (cause: unknown): boolean => FULL.has(errorCode(cause));
