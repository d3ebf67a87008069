import type { AnyCommand } from '@pilothouse/cli-kit';
import type { Message } from '@pilothouse/contract';

/**
 * A verb as the overall help knows it. Its commands are loaded only when they are used: the start of a command line must
 * not cost what all the others need.
 */
export interface Verb {
  readonly name: string;
  readonly summary: Message;
  readonly load: () => Promise<readonly AnyCommand[]>;
}

export interface VerbGroup {
  readonly title: Message;
  readonly verbs: readonly Verb[];
}

export const findVerb = (groups: readonly VerbGroup[], name: string): Verb | undefined =>
  groups.flatMap((group) => group.verbs).find((verb) => verb.name === name);

export const verbNames = (groups: readonly VerbGroup[]): string[] =>
  groups.flatMap((group) => group.verbs.map((verb) => verb.name));
