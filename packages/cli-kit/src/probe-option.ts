import { SECOND_MS } from '@pilothouse/base';
import { AppError, Probe } from '@pilothouse/contract';

/** Patient enough for a service that has just been restarted; a plan file says it otherwise. */
const COMMON = { tries: 5, pauseMs: 2 * SECOND_MS, timeoutMs: 5 * SECOND_MS };
const EXPECTED = 'http:URL | tcp:HOST:PORT | unit:NAME | command:LINE, each with NAME= before it';

/**
 * A check on one line: `http:http://127.0.0.1/`, `tcp:127.0.0.1:5432`, `unit:nginx.service`, `command:systemctl is-system-running`,
 * with a name before it if wanted: `site=http:http://127.0.0.1/`. `number` makes names for those without.
 */
export function probeOf(text: string, number: number): Probe {
  const named = /^([a-z0-9][a-z0-9-]{0,39})=(.*)$/s.exec(text);
  const spec = named?.[2] ?? text;
  const colon = spec.indexOf(':');
  const kind = spec.slice(0, Math.max(0, colon));
  const what = spec.slice(colon + 1);
  const parsed = Probe.safeParse({
    ...COMMON,
    name: named?.[1] ?? `${kind}-${number}`,
    kind,
    ...detailsOf(kind, what),
  });
  if (!parsed.success) throw new AppError('CLI_VALUE_INVALID', { value: text, expected: EXPECTED });
  return parsed.data;
}

function detailsOf(kind: string, what: string): Record<string, unknown> {
  if (kind === 'http') return { url: what, statusMin: 200, statusMax: 399, bodyHas: null, isInsecure: false };
  if (kind === 'unit') return { unit: what };
  if (kind === 'command') return { argv: what.split(/\s+/).filter((word) => word !== ''), exitCode: 0 };
  const colon = what.lastIndexOf(':');
  return {
    host: what.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, ''),
    port: Number(what.slice(colon + 1)),
  };
}
