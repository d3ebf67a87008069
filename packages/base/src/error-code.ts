/** The word by which systems name an error, such as ENOENT or ECONNREFUSED; null for one that has none. */
export const errorCode = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
