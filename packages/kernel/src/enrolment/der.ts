/** The few bytes of DER that are cut or put together by hand. What foreign bytes mean is the certificate library's affair. */

/** The element that begins at `offset`, header included. RangeError when the bytes end before it does. */
export function derElement(bytes: Buffer, offset = 0): Buffer {
  const { contentAt, length } = derHeader(bytes, offset);
  if (contentAt + length > bytes.length) throw new RangeError('a DER element ends after its bytes');
  return bytes.subarray(offset, contentAt + length);
}

/** The content of a whole element: what follows its header. */
export function derContent(element: Buffer): Buffer {
  const { contentAt, length } = derHeader(element, 0);
  return element.subarray(contentAt, contentAt + length);
}

export function derSequence(...parts: readonly Buffer[]): Buffer {
  return derWith(0x30, Buffer.concat(parts));
}

/** A bit string of whole bytes. */
export const derBitString = (bytes: Buffer): Buffer => derWith(0x03, Buffer.concat([Buffer.of(0), bytes]));

function derHeader(bytes: Buffer, offset: number): { contentAt: number; length: number } {
  const first = bytes.readUInt8(offset + 1);
  if (first < 0x80) return { contentAt: offset + 2, length: first };
  const count = first & 0x7f;
  if (count < 1 || count > 4) throw new RangeError('a DER length that is not used here');
  return { contentAt: offset + 2 + count, length: bytes.readUIntBE(offset + 2, count) };
}

function derWith(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length);
  const significant = size.subarray(size.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(tag, 0x80 | significant.length), significant, content]);
}
