/**
 * Host certificates by filling in a form.
 *
 * Problem: the certificate library describes each certificate from the ground up, three milliseconds of the thread that
 * serves all hosts; a fleet that is rolled out wants two hundred a second.
 *
 * Rule: the library makes one certificate for a host that does not exist. Everything in which another host's differs has a
 * fixed length (id, serial, dates, P-256 key), so those bytes are found by their values, and a new certificate is a copy
 * with other values under a fresh signature. A form in which a value does not stand exactly where it must is not used.
 *
 * Limits: dates until 2049, after which X.509 writes them longer; ids as long as those that the server makes. Whatever does
 * not fit is issued by the library.
 */
import { KeyObject, sign, type webcrypto } from 'node:crypto';
import { derBitString, derContent, derElement, derSequence } from './der.ts';

/** In which host certificates of one authority differ. */
export interface HostFields {
  readonly hostId: string;
  /** Hex. */
  readonly serial: string;
  readonly publicKeySpki: Buffer;
  /** Epoch milliseconds, of which whole seconds count. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** DER of a host's certificate; null when it does not fit the form. */
export type FillTemplate = (fields: HostFields) => Buffer | null;

const UTC_TIME_ENDS = Date.UTC(2050, 0, 1);

/** Null when `der`, issued for `sample`, is not built as expected. */
export function certificateTemplate(
  der: Buffer,
  sample: HostFields,
  privateKey: webcrypto.CryptoKey,
): FillTemplate | null {
  const body = derContent(derElement(der));
  const form = derElement(body);
  const algorithm = derElement(body, form.length);
  const places = placesOf(form, sample);
  if (places === null) return null;
  const key = KeyObject.from(privateKey);
  return (fields) => {
    const values = valuesOf(fields);
    if (values === null) return null;
    const filled = Buffer.from(form);
    for (const [index, { offsets, length }] of places.entries()) {
      const value = values[index];
      if (value?.length !== length) return null;
      for (const offset of offsets) value.copy(filled, offset);
    }
    const signature = sign('sha256', filled, { key, dsaEncoding: 'der' });
    return derSequence(filled, algorithm, derBitString(signature));
  };
}

/** How often each value stands in a certificate: the id is the common name and the end of the alternative name. */
const OCCURRENCES = [2, 1, 1, 1, 1] as const;

function valuesOf(fields: HostFields): Buffer[] | null {
  if (fields.notAfter >= UTC_TIME_ENDS) return null;
  return [
    Buffer.from(fields.hostId, 'ascii'),
    Buffer.from(fields.serial, 'hex'),
    fields.publicKeySpki,
    utcTime(fields.notBefore),
    utcTime(fields.notAfter),
  ];
}

function placesOf(form: Buffer, sample: HostFields): { offsets: number[]; length: number }[] | null {
  const values = valuesOf(sample);
  if (values === null) return null;
  const places = values.map((value) => ({ offsets: offsetsOf(form, value), length: value.length }));
  return places.every(({ offsets }, index) => offsets.length === OCCURRENCES[index]) ? places : null;
}

function offsetsOf(bytes: Buffer, value: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) offsets.push(at);
  return offsets;
}

/** `YYMMDDhhmmssZ`. */
const utcTime = (at: number): Buffer =>
  Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`, 'ascii');
