/** The program of a bundle, and the list of what it was made of. */
export function bundleProgram(root: string, app: string): string;
export function bundleRecord(root: string, app: string): string;
/** False when it was never built, or a source of it is newer or gone. */
export function isBundleFresh(root: string, app: string): boolean;
