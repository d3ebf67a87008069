export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Sizes in bytes: `bytes.kib(64)`. */
export const bytes = {
  kib: (n: number): number => n * 1024,
  mib: (n: number): number => n * 1024 * 1024,
};
