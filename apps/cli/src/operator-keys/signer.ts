/** Something that signs with a person's own key. The key itself stays where it is. */
export interface Signer {
  /** The first 16 hex digits of the SHA-256 of the public key. */
  readonly keyId: string;
  /** 32 bytes of Ed25519 in base64. */
  readonly publicKey: string;
  /** Where it lies, for a person: a file, or `ssh-agent`. */
  readonly place: string;
  /** What its owner calls it. */
  readonly name: string;
  /** Ed25519 over the bytes of the text, base64. May ask for a passphrase first. */
  sign(text: string): Promise<string>;
}
