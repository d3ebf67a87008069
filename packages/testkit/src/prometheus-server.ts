import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A Prometheus of a test's own, on a port that the system chose. */
export interface PrometheusServer {
  readonly url: string;
  /** Ends it and leaves nothing behind. */
  remove(): Promise<void>;
}

/** Debian's Prometheus, scraping the given `address:port`s each second. It ends with the test that removes it. */
export async function prometheusServer(targets: readonly string[]): Promise<PrometheusServer> {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-prometheus-'));
  const configuration = {
    global: { scrape_interval: '1s' },
    scrape_configs: [{ job_name: 'test', static_configs: [{ targets }] }],
  };
  // JSON is YAML.
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(configuration));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.format=json',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exit = once(child, 'exit');
  let port: string | null = null;
  const lines = createInterface({ input: child.stderr });
  for await (const line of lines) {
    port ??= /"address":"127\.0\.0\.1:([1-9]\d*)"/.exec(line)?.[1] ?? null;
    if (line.includes('ready to receive web requests') && port !== null) break;
  }
  // Its log goes on; nobody reads it, and a full pipe would stop it.
  child.stderr.resume();
  if (port === null) throw new Error('prometheus did not say where it listens');
  return {
    url: `http://127.0.0.1:${port}`,
    async remove() {
      child.kill('SIGTERM');
      await exit;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
