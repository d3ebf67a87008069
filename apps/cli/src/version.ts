/** Of the whole product; the bundle carries it, so it is a line of code and not a file that is read at every start. */
export const VERSION = '0.1.0';
