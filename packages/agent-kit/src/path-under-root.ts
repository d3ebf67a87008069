import { readlink } from 'node:fs/promises';
import { join, normalize } from 'node:path';

/** As many links as the kernel follows before it says ELOOP. */
const LINKS_MAX = 40;

/**
 * Where `path` of a host lies when its root is mounted at `root`. Links are followed as the host itself would: an absolute
 * one starts at `root` again, and `..` never climbs above it. The last part is followed only when `isFollowed`.
 */
export async function pathUnderRoot(root: string, path: string, isFollowed = true): Promise<string> {
  if (root === '/') return path;
  let pending = normalize(`/${path}`).split('/').filter(Boolean);
  let resolved: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const [part = '', ...rest] = pending;
    pending = rest;
    if (part === '..') {
      resolved = resolved.slice(0, -1);
      continue;
    }
    const isLast = rest.length === 0;
    const target = isLast && !isFollowed ? null : await linkTarget(join(root, ...resolved, part));
    if (target === null) {
      resolved.push(part);
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) throw new Error(`follow ${path}: more than ${LINKS_MAX} links`);
    if (target.startsWith('/')) resolved = [];
    pending = [...target.split('/').filter((name) => name !== '' && name !== '.'), ...rest];
  }
  return join(root, ...resolved);
}

/** Null for anything but a link, also for what does not exist: the caller's own access says so. */
const linkTarget = (path: string): Promise<string | null> => readlink(path).catch(() => null);
