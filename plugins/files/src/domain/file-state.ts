import { z } from 'zod';

/** A file as it lies there. `other`: a directory, a link, a device: never touched. */
export type FileState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'other'; readonly what: string }
  | {
      readonly kind: 'file';
      readonly content: Uint8Array;
      readonly mode: string;
      readonly uid: number;
      readonly gid: number;
    };

/** Four octal digits, the first for setuid, setgid and sticky: what is not named must stay, and come back, as well. */
export const modeText = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

/** How it shall be. Ids are those of the host. */
export type WantedFile =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'file';
      readonly content: Uint8Array;
      readonly mode: string;
      readonly uid: number;
      readonly gid: number;
    };

/** One thing that differs; dry run and run name it in the same words. */
export interface FileChange {
  readonly path: string;
  readonly property: 'exists' | 'content' | 'mode' | 'owner' | 'group';
  readonly from: string;
  readonly to: string;
}

export type Digester = (content: Uint8Array) => string;

/** An empty list: it is so already. Content is named by its digest. */
export function compareFile(
  path: string,
  now: FileState,
  wanted: WantedFile,
  digestOf: Digester,
): readonly FileChange[] {
  if (wanted.kind === 'absent')
    return now.kind === 'absent' ? [] : [{ path, property: 'exists', from: 'yes', to: 'no' }];
  if (now.kind !== 'file')
    return [
      { path, property: 'exists', from: 'no', to: 'yes' },
      { path, property: 'content', from: '', to: digestOf(wanted.content) },
    ];
  const changes: FileChange[] = [];
  const add = (property: FileChange['property'], from: string, to: string): void => {
    if (from !== to) changes.push({ path, property, from, to });
  };
  add('content', digestOf(now.content), digestOf(wanted.content));
  add('mode', now.mode, wanted.mode);
  add('owner', String(now.uid), String(wanted.uid));
  add('group', String(now.gid), String(wanted.gid));
  return changes;
}

/** A managed file as the host remembers it: what it shall be, for the collector that looks for drift. */
export const ManagedFile = z.object({
  state: z.enum(['present', 'absent']),
  /** SHA-256 of the content; empty for `absent`. */
  digest: z.string().max(64),
  mode: z.string().max(4),
  uid: z.number().int(),
  gid: z.number().int(),
});
export type ManagedFile = z.infer<typeof ManagedFile>;

export type Drift = 'none' | 'content' | 'attributes' | 'missing' | 'unexpected';

/** How a file differs from what it shall be; the worst wins. */
export function driftOf(managed: ManagedFile, now: FileState, digestOf: Digester): Drift {
  if (managed.state === 'absent') return now.kind === 'absent' ? 'none' : 'unexpected';
  if (now.kind === 'absent') return 'missing';
  if (now.kind === 'other' || digestOf(now.content) !== managed.digest) return 'content';
  const isSame = now.mode === managed.mode && now.uid === managed.uid && now.gid === managed.gid;
  return isSame ? 'none' : 'attributes';
}
