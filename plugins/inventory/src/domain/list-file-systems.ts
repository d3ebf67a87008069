import { compareText } from '@pilothouse/base';
import { sortedUnique } from './canonical-order.ts';
import type { Mount } from './parse-mountinfo.ts';

/** Made by the kernel or a helper, without space of their own that could run out. */
const PSEUDO_TYPES = new Set(
  `autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fuse.gvfsd-fuse fuse.lxcfs
  fuse.portal fusectl hugetlbfs mqueue nfsd nsfs overlayfs-mounts proc pstore ramfs rootfs rpc_pipefs securityfs
  selinuxfs squashfs sysfs tracefs`.split(/\s+/),
);

/** Mounts that come and go with a login, a container, a pod or a unit. */
const SHORT_LIVED =
  /^\/(?:etc\/(?:hosts|hostname|resolv\.conf)|proc|sys|dev(?!\/shm$)|run\/(?:user|host|credentials|containerd|docker|netns|snapd|systemd)|var\/lib\/(?:docker|containers|containerd|kubelet\/pods|lxcfs|snapd|machines))(?:\/|$)/;

/**
 * Asking these for their size can hang for minutes when the other side is gone. A program behind FUSE may say no more of itself
 * (davfs2 does not); with `fuseblk` there is a disk.
 */
const NETWORK_TYPES = /^(?:nfs|nfs4|cifs|smb3|smbfs|ceph|glusterfs|lustre|gpfs|afs|beegfs|fuse(?:\..+)?|9p)$/;

/** They differ from mount to mount of the same set-up: sizes by memory, layer paths by container, addresses by host. */
const VOLATILE_OPTION =
  /^(?:lowerdir|upperdir|workdir|size|nr_inodes|nr_blocks|addr|clientaddr|mountaddr|subvolid|fd|pgrp|uuid|inode64|inode32)(?:=|$)/;

export const isNetworkType = (type: string): boolean => NETWORK_TYPES.test(type);

/**
 * The mounts that hold data, one a mount point: the last mounted hides the others. Of several binds of one file system
 * the one nearest to its root stays; btrfs subvolumes are kept, each is a tree of its own.
 */
export function listFileSystems(mounts: readonly Mount[]): Mount[] {
  const byPoint = new Map<string, Mount>();
  for (const mount of mounts) {
    if (PSEUDO_TYPES.has(mount.type) || SHORT_LIVED.test(mount.mountPoint)) continue;
    byPoint.set(mount.mountPoint, mount);
  }
  const visible = [...byPoint.values()];
  const nearest = nearestRoots(visible);
  return visible
    .filter((mount) => mount.type === 'btrfs' || mount === nearest.get(mount.deviceId))
    .map((mount) => ({
      ...mount,
      options: sortedUnique(mount.options.filter((option) => !VOLATILE_OPTION.test(option))),
    }))
    .sort((a, b) => compareText(a.mountPoint, b.mountPoint));
}

/** One mount a file system, for judging how full it is. */
export function distinctFileSystems(mounts: readonly Mount[]): Mount[] {
  const all = listFileSystems(mounts);
  const nearest = nearestRoots(all);
  return all.filter((mount) => mount === nearest.get(mount.deviceId));
}

/** By device, in one pass: a host of containers has thousands of mounts, often of one file system. */
function nearestRoots(mounts: readonly Mount[]): ReadonlyMap<string, Mount> {
  const nearest = new Map<string, Mount>();
  for (const mount of mounts) {
    const known = nearest.get(mount.deviceId);
    if (known === undefined || isNearer(mount, known)) nearest.set(mount.deviceId, mount);
  }
  return nearest;
}

const isNearer = (a: Mount, b: Mount): boolean =>
  (a.root.length - b.root.length ||
    a.mountPoint.length - b.mountPoint.length ||
    compareText(a.mountPoint, b.mountPoint)) < 0;
