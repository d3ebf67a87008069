/** One cookie's value from a Cookie header, null when it is not there. Values of ours need no decoding. */
export function readCookie(header: string, name: string): string | null {
  for (const part of header.split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value !== undefined && value !== '') return value;
  }
  return null;
}
