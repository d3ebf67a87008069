import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTestCli } from './test-cli.ts';

test('names the subcommand that a slip was meant for', async () => {
  const answer = await runTestCli(['audit', 'vrify'], { directory: '/nonexistent' });

  assert.equal(answer.exit, 2);
  assert.match(
    answer.err,
    /pilothouse audit has no subcommand vrify\n {2}next: Did you mean: pilothouse audit verify/,
  );
});

test('names the nearest option, and the help of the subcommand that was meant', async () => {
  const answer = await runTestCli(['groups', 'set', 'bj1', '--selecter', 'true'], {
    directory: '/nonexistent',
  });

  assert.match(answer.err, /pilothouse groups set has no option --selecter/);
  assert.match(answer.err, /Nearest: --selector\. All of them: pilothouse groups set --help/);
});

test('shows which word is one too many where no subcommand is near', async () => {
  const answer = await runTestCli(['host', 'web-1', 'elephant'], { directory: '/nonexistent' });

  assert.match(answer.err, /elephant is one too many/);
});
