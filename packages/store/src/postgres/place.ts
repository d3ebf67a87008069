/** Where a database is, for error texts and logs: `host:port/database`, never user or password. Total. */
export function placeOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return 'postgres://…';
  const { hostname, port, pathname, searchParams } = parsed;
  const host = searchParams.get('host') ?? (hostname === '' ? 'localhost' : decodeURIComponent(hostname));
  const where = host.startsWith('/') ? host : `${host}:${port === '' ? '5432' : port}`;
  return `${where}${decodeURI(pathname)}`;
}
