/** The proxy of the environment, as other programs read it; null for none. */
export function proxyOf(environment: Readonly<Record<string, string | undefined>>): URL | null {
  const text =
    environment['PILOTHOUSE_AGENT_PROXY'] ?? environment['HTTPS_PROXY'] ?? environment['https_proxy'];
  if (text === undefined || text === '') return null;
  return new URL(text.includes('://') ? text : `http://${text}`);
}
