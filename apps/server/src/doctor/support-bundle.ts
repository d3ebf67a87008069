/**
 * `pilothouse-server support-bundle`: what somebody who helps from afar needs to know, as one JSON text that its owner can
 * read before sending it. No secrets, no names of hosts or people, no content of facts or outputs: counts and settings.
 */
import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type { Language } from '@pilothouse/contract';
import { openStoreReader } from '@pilothouse/store';
import type { Config } from '../config.ts';
import { readVersion } from '../version.ts';
import { runDoctor } from './run-doctor.ts';

export async function supportBundle(config: Config, language: Language): Promise<string> {
  const bundle = {
    madeAt: new Date().toISOString(),
    version: readVersion(),
    machine: {
      node: process.versions.node,
      arch: process.arch,
      cpus: cpus().length,
      memoryMib: Math.round(totalmem() / 1024 ** 2),
      os: await osRelease(),
    },
    settings: settingsOf(config),
    doctor: await runDoctor(config, language),
    store: await countRows(config).catch((cause: unknown) => ({ problem: String(cause).slice(0, 300) })),
  };
  return `${JSON.stringify(bundle, null, 2)}\n`;
}

async function osRelease(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? 'unknown';
}

/** Settings by what they are, never by secrets: addresses of databases and providers keep their kind alone. */
const settingsOf = (config: Config) => ({
  store: config.store.kind,
  listen: config.listen,
  gatewayListen: config.gatewayListen,
  namesCount: config.names.length,
  proxiesCount: config.gatewayProxies.length,
  hasOidc: config.oidc !== null,
  hasPrometheus: config.prometheus !== null,
  retention: config.retention,
  logLevel: config.logLevel,
});

async function countRows(config: Config): Promise<Record<string, number>> {
  const reader = await openStoreReader(config.store);
  try {
    const db = reader.as<Record<string, Record<string, unknown>>>();
    const counts: Record<string, number> = {};
    for (const { name } of await db.introspection.getTables()) {
      const row = await db
        .selectFrom(name)
        .select((expression) => expression.fn.countAll().as('rows'))
        .executeTakeFirst();
      counts[name] = Number(row?.rows ?? 0);
    }
    return counts;
  } finally {
    await reader.close();
  }
}
