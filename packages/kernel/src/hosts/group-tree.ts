/** Whether a path is `root` or lies below it. */
export const isWithin = (path: string, root: string): boolean =>
  path === root || (path.startsWith(root) && path.charAt(root.length) === '/');
