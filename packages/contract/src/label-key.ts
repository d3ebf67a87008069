import { z } from 'zod';

/** In a file of its own: agents read the keys of a plan, and the pattern of values costs 1.6 MB of memory wherever it is loaded. */
export const LabelKey = z
  .string()
  .regex(
    /^[a-z][a-z0-9_.-]{0,62}$/,
    'must be a label key: a small letter, then small letters, digits and _ . -',
  );
