/**
 * `npm run golden`: writes anew what is generated and kept: the page of errors, the API as OpenAPI, the help transcripts. Each
 * is written by the very test that holds it, so there is one way to make it.
 */
import { spawnSync } from 'node:child_process';

const TESTS = [
  'tools/tidy/golden.test.ts',
  'packages/kernel/src/openapi-golden.test.ts',
  'apps/cli/src/help.test.ts',
];

const result = spawnSync(
  process.execPath,
  ['--test', '--test-isolation=none', '--test-reporter=dot', ...TESTS],
  { stdio: 'inherit', env: { ...process.env, PILOTHOUSE_GOLDEN: 'write' } },
);
process.exitCode = result.status ?? 1;
