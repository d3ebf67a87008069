import { z } from 'zod';

/** A name, version or path piece. 255 is what Linux allows a file name, so units and packages fit. */
export const WORD_LENGTH_MAX = 255;
/** A line of text or a path: Linux's PATH_MAX. Collectors cut longer ones rather than lose the whole fact. */
export const LINE_LENGTH_MAX = 4096;

export const Word = z.string().max(WORD_LENGTH_MAX);
export const Line = z.string().max(LINE_LENGTH_MAX);
