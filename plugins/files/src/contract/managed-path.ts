import { z } from 'zod';

/** File systems of the kernel's own: what looks like a file there is none. */
const KERNEL_TREES = /^\/(proc|sys|dev)(\/|$)/;

/** An absolute path without `.`, `..` or empty pieces, outside the kernel's own trees. */
export const ManagedPath = z
  .string()
  .max(4096)
  .regex(/^(\/[^/\p{Cc}]+)+$/u, 'must be an absolute path of a file')
  .refine(
    (path) => !path.split('/').some((piece) => piece === '.' || piece === '..'),
    'must not have . or .. in it',
  )
  .refine((path) => !KERNEL_TREES.test(path), 'must not be below /proc, /sys or /dev');
