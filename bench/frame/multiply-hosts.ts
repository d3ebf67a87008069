import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Makes a registry of `copies` times the hosts out of a stopped installation whose hosts have said what they are: for
 * questions to a fleet larger than one machine can simulate. Every copy has the facts of its original and labels of its own.
 */
export function multiplyHosts(dataDirectory: string, copies: number): void {
  const name = readdirSync(dataDirectory).find((file) => file.endsWith('.db'));
  if (name === undefined) throw new Error(`no store in ${dataDirectory}`);
  const database = new DatabaseSync(join(dataDirectory, name));
  // Ids begin with their time and end with chance; a copy's end is one that chance hardly ever makes.
  const copyId = (column: string): string => `substr(${column}, 1, 15) || 'zz' || printf('%03d', copy.n)`;
  try {
    database.exec(`
      CREATE TEMP TABLE copy AS WITH RECURSIVE numbers(n) AS
        (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${copies - 1}) SELECT n FROM numbers WHERE n < ${copies};
      BEGIN;
      INSERT INTO facts_span (host_id, fact, since, until, seen_at, digest, report)
        SELECT ${copyId('host_id')}, fact, since, until, seen_at, digest, report FROM facts_span, copy;
      INSERT INTO hosts_presence SELECT ${copyId('host_id')}, is_online, since, last_seen, address, arch,
        agent_version, boot_id FROM hosts_presence, copy;
      INSERT INTO hosts_host (id, name, state, machine_id, maintenance, quarantine, first_seen, version)
        SELECT ${copyId('id')}, name || '-' || copy.n, state, '', maintenance, quarantine, first_seen, version
        FROM hosts_host, copy;
      INSERT INTO hosts_label SELECT id, 'site', 'bj' || (1 + rowid % 9) FROM hosts_host;
      INSERT INTO hosts_label SELECT id, 'role', CASE rowid % 3 WHEN 0 THEN 'web' WHEN 1 THEN 'db' ELSE 'app' END
        FROM hosts_host;
      COMMIT;
    `);
  } finally {
    database.close();
  }
}
