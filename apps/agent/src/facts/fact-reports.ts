import type { Digest, FactReport } from '@pilothouse/contract';

/** What this host last found of each fact, beside what the server of the open session is known to hold. */
export class FactReports {
  readonly #send: (reports: FactReport[], isRepeated: boolean) => boolean;
  readonly #current = new Map<string, FactReport>();
  /** Marks by fact; null without a session. */
  #known: Map<string, string> | null = null;

  /** `send` says false when nobody heard it; what is repeated the server holds already. */
  constructor(send: (reports: FactReport[], isRepeated: boolean) => boolean) {
    this.#send = send;
  }

  found(report: FactReport): void {
    this.#current.set(report.fact, report);
    this.#tell([report], false);
  }

  welcomed(digests: Readonly<Record<string, Digest>>): void {
    this.#known = new Map(Object.entries(digests));
    this.#tell([...this.#current.values()], false);
  }

  disconnected(): void {
    this.#known = null;
  }

  /** Says these again, all when empty, changed or not: so that it is known how old they are. */
  confirm(names: readonly string[]): void {
    const all = [...this.#current.values()];
    this.#tell(names.length === 0 ? all : all.filter(({ fact }) => names.includes(fact)), true);
  }

  /** The fact whose current body this is, or null. */
  factOf(digest: Digest): string | null {
    for (const report of this.#current.values())
      if (report.kind === 'present' && report.digest === digest) return report.fact;
    return null;
  }

  #tell(reports: readonly FactReport[], isFull: boolean): void {
    const known = this.#known;
    if (known === null) return;
    const told = reports.filter((report) => isFull || known.get(report.fact) !== markOf(report));
    if (told.length === 0 || !this.#send(told, isFull)) return;
    for (const report of told) known.set(report.fact, markOf(report));
  }
}

/** An absence is told once, like a digest. */
const markOf = (report: FactReport): string =>
  report.kind === 'present' ? report.digest : `absent: ${report.reason}: ${report.detail}`;
