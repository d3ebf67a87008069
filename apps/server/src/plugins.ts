import type { ServerPlugin } from '@pilothouse/kernel';

/** The plugins of this server. Adding one is one line. */
export const plugins: readonly ServerPlugin[] = [];
