import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { get } from 'node:http';
import { until } from '@pilothouse/testkit';
import { freePort } from './free-port.ts';

const PROGRAM = '/usr/bin/prometheus-node-exporter';

/** The field's usual daemon on every host: small, native, asked every few seconds. It watches and does nothing else. */
export interface NodeExporter {
  readonly pid: number;
  readonly readyMs: number;
  /** One scrape; gives the bytes of its answer. */
  scrape(): Promise<number>;
  close(): Promise<void>;
}

/** Null when Debian's package is not installed. */
export async function startNodeExporter(): Promise<NodeExporter | null> {
  if (!existsSync(PROGRAM)) return null;
  const address = `127.0.0.1:${await freePort()}`;
  const scrape = (): Promise<number> => scrapeOnce(address);
  const began = performance.now();
  const child = spawn(PROGRAM, [`--web.listen-address=${address}`], { stdio: 'ignore' });
  await until('the exporter to answer', 10_000, () => scrape().catch(() => null));
  return {
    pid: child.pid ?? 0,
    readyMs: performance.now() - began,
    scrape,
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const scrapeOnce = (address: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get(`http://${address}/metrics`, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      let bytes = 0;
      response.on('data', (piece: Buffer) => (bytes += piece.length));
      response.once('end', () => resolve(bytes));
      response.once('error', reject);
    }).once('error', reject);
  });
