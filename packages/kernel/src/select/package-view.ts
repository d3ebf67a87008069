import { z } from 'zod';
import { compareDebVersion } from './compare-deb-version.ts';
import { compareRpmVersion } from './compare-rpm-version.ts';

/** What `pkg()` needs of the packages fact, whichever plugin produces it. */
const PackagesBody = z.object({
  system: z.string(),
  packages: z.array(z.object({ name: z.string(), version: z.string() })),
});

/** A version that compares by its host's own package system. */
export class VersionView {
  readonly #text: string | null;
  readonly #system: string;

  constructor(text: string | null, system: string) {
    this.#text = text;
    this.#system = system;
  }

  /** Negative when older than `other`; null when the package is not installed, so every comparison is false. */
  compareTo(other: string): number | null {
    if (this.#text === null) return null;
    return this.#system === 'rpm'
      ? compareRpmVersion(this.#text, other)
      : compareDebVersion(this.#text, other);
  }

  toString(): string {
    return this.#text ?? 'not installed';
  }
}

export class PackageView {
  readonly installed: boolean;
  readonly version: VersionView;

  constructor(version: string | null, system: string) {
    this.installed = version !== null;
    this.version = new VersionView(version, system);
  }
}

/** The package of that name; of several versions the newest, as the package system would use it. */
export function findPackage(body: unknown, name: string): PackageView {
  const { system, packages } = PackagesBody.parse(body);
  const compare = system === 'rpm' ? compareRpmVersion : compareDebVersion;
  const versions = packages
    .filter((candidate) => candidate.name === name)
    .map((candidate) => candidate.version);
  return new PackageView(versions.sort(compare).at(-1) ?? null, system);
}
