/** `nginx` → `nginx.service`, as systemctl takes it; a name with a known suffix stays as it is. */
export const wholeUnitName = (name: string): string =>
  /\.(service|socket|timer|target|path|mount)$/.test(name) ? name : `${name}.service`;
