/**
 * Types what README.md and docs/*.md tell their readers to type, page by page, on one installation with real hosts. The
 * README makes the hosts; every page leaves them as it found them. How a page is written for this: docs/lab.md.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { labDown } from '../lab.ts';
import { raiseBridge } from '../network.ts';
import { PROJECT_ROOT } from '../places.ts';
import { commandsOf, lastOf, scriptOf } from './document-commands.ts';
import { type Installation, install, untilHosts } from './installation.ts';

const HOSTS = 8;
/** A page is a few dozen commands of a second or two. */
const PAGE_TIMEOUT_MS = 180_000;
const FIRST = ['README.md', 'docs/getting-started.md'];

const pages = [
  ...FIRST,
  ...readdirSync(join(PROJECT_ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .filter((path) => !FIRST.includes(path))
    .sort(),
].map((path) => ({ path, commands: commandsOf(readFileSync(join(PROJECT_ROOT, path), 'utf8')) }));

let installation: Installation;
let directory: string;
/** The page after which the hosts cannot be counted on: every later one would only wait for them. */
let brokenBy: string | null = null;

before(async () => {
  await raiseBridge();
  installation = await install();
  directory = mkdtempSync(join(tmpdir(), 'pilothouse-documents-'));
  writeLaunchers(join(directory, 'bin'));
  mkdirSync(join(directory, 'work'));
  const pin = /--pin ([0-9a-f]{64})/.exec(installation.server().log())?.[1] ?? '';
  const login = `pilothouse login "$PILOTHOUSE_URL" --pin ${pin} --token-stdin <<< '${installation.apiToken}'`;
  const { exitCode, output } = await bash(login);
  assert.equal(exitCode, 0, output);
});

after(async () => {
  await labDown();
  await installation?.close();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
});

for (const { path, commands } of pages.filter((page) => page.commands.length > 0)) {
  test(`every command of ${path} does what the page says`, async () => {
    assert.equal(brokenBy, null, 'an earlier page failed');
    brokenBy = path;
    if (path !== FIRST[0]) await everyHostReported();
    const { exitCode, output } = await bash(scriptOf(commands));
    const { command, output: last } = lastOf(commands, output);
    assert.equal(exitCode, 0, `${path}:${command?.line}: ${command?.text}\n${last}`);
    brokenBy = null;
  });
}

/** What a page asks of facts must have been reported; a reader takes longer to turn the page. */
const everyHostReported = () =>
  untilHosts(
    installation,
    'every host to be online with its facts',
    (hosts) => hosts.filter((host) => host.presence.kind === 'online' && host.os !== null).length >= HOSTS,
  );

/** `pilothouse` and `pilothouse-server` as an installed program has them: on the PATH, with the Node of this project. */
function writeLaunchers(bin: string): void {
  mkdirSync(bin);
  for (const [name, program] of [
    ['pilothouse', 'apps/cli/bin/pilothouse.mjs'],
    ['pilothouse-server', 'apps/server/bin/pilothouse-server.mjs'],
  ] as const) {
    const launcher = `#!/bin/sh\nexec ${process.execPath} ${join(PROJECT_ROOT, program)} "$@"\n`;
    writeFileSync(join(bin, name), launcher, { mode: 0o755 });
  }
}

function bash(script: string): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn('bash', ['-c', script], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PAGE_TIMEOUT_MS,
    env: {
      PATH: `${join(directory, 'bin')}:${process.env['PATH'] ?? ''}`,
      HOME: directory,
      LANG: 'C.UTF-8',
      PILOTHOUSE_CONFIG_HOME: join(directory, 'config'),
      PILOTHOUSE_URL: installation.url,
      WORK: join(directory, 'work'),
    },
  });
  let output = '';
  const keep = (piece: Buffer): void => {
    output = (output + piece.toString('utf8')).slice(-256 * 1024);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, output }));
  });
}
