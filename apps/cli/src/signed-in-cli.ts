import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { runTestCli, type TestCliOptions } from './test-cli.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** A command line, signed in to a server that a test scripts. Server and working directory are new for each test of the file. */
export function signedInCli() {
  let server: TestServer;
  let directory: string;
  beforeEach(async () => {
    server = await startTestServer();
    directory = await mkdtemp(join(tmpdir(), 'pilothouse-cli-'));
  });
  afterEach(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });
  return {
    get server(): TestServer {
      return server;
    },
    get directory(): string {
      return directory;
    },
    run: (line: readonly string[], options: Partial<TestCliOptions> = {}) =>
      runTestCli(line, {
        directory,
        environment: { PILOTHOUSE_SERVER: server.url, PILOTHOUSE_TOKEN: 'phk_1' },
        ...options,
      }),
  };
}
