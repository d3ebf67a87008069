import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { approvalRoutes, buildTree, planDigest, planRoutes, rootOf, type Step } from '@pilothouse/contract';
import { signedInCli } from './signed-in-cli.ts';
import { digest, made, preview } from './test-plans.ts';

const cli = signedInCli();
const { run } = cli;

const content = `first line\n${'#'.repeat(300)}\nlast line\n`;
const contentDigest = createHash('sha256').update(content).digest('hex');

function stepOf(n: number, command: string): Step {
  const file = { path: '/etc/motd', content };
  return {
    hostId: `h_${String(n).padStart(18, '0')}`,
    actions: [
      { action: 'files.manage', parameters: file, contents: [], undo: { kind: 'recorded' } },
      {
        ...{ action: 'commands.run', parameters: { argv: ['systemctl', command] }, contents: [], undo: null },
        when: 'changed',
      },
    ],
  };
}

const rowsOf = (steps: readonly Step[]) =>
  steps.map((step, index) => ({ ...step, index, hostName: `web-${index + 1}` }));

/** A plan whose digest is right, as somebody who is to sign it looks for. */
function serve(steps: readonly Step[]): string {
  const header = { ...made.plan.header, stepsRoot: rootOf(buildTree(steps)), stepsCount: steps.length };
  const plan = { digest: planDigest(header), header };
  cli.server.on(planRoutes.get, { json: { ...plan, matchingNow: null } });
  cli.server.on(planRoutes.preview, { json: preview });
  cli.server.on(planRoutes.steps, { json: { items: rowsOf(steps), nextCursor: null } });
  return plan.digest;
}

test('a plan shows what it does where: alike hosts together, short parameters whole, of long ones size and digest', async () => {
  const name = serve([stepOf(1, 'reload'), stepOf(2, 'reload'), stepOf(3, 'restart')]);

  const { out } = await run(['plan', 'show', name]);
  const full = await run(['plan', 'show', name, '--full']);
  const chinese = await run(['plan', 'show', name, '--lang', 'zh']);

  assert.match(out, /web-1 \(h_0+1\), web-2 \(h_0+2\)\n {4}files.manage\n {6}path: \/etc\/motd\n/);
  assert.ok(out.includes(`      content: 322 bytes, SHA-256 ${contentDigest}\n    commands.run [changed]\n`));
  assert.match(out, /argv: \["systemctl","reload"\]\n {2}web-3/);
  assert.match(out, /whole with --full/);
  assert.doesNotMatch(out, /last line/);
  assert.match(full.out, /\| first line\n {8}\| #{300}\n {8}\| last line\n/);
  assert.doesNotMatch(full.out, /whole with --full/);
  assert.match(chinese.out, /322 字节，SHA-256/);
});

test('whoever approves sees every parameter, too, and is told what is not on the screen', async () => {
  const steps = Array.from({ length: 30 }, (_, n) => stepOf(n + 1, `restart-${n}`));
  const name = serve(steps);
  const authority = {
    ...{ planDigest: name, author: 'ada', effect: 'disruptive', isArbitrary: true, required: 1, given: 1 },
    ...{ requiredBy: 'strategy', approvals: [], signatures: [], mandate: null },
  };
  cli.server.on(approvalRoutes.give, { json: authority });

  const { err } = await run(['approve', name, '--yes']);
  const full = await run(['approve', name, '--yes', '--full']);

  assert.match(err, new RegExp(`content: 322 bytes, SHA-256 ${contentDigest}`));
  assert.match(err, /… and what 10 more hosts do: --full/);
  assert.match(full.err, /restart-29/);
  assert.match(full.err, /\| last line/);
});

test('a plan that was just made shows its steps; hosts that were not read are counted', async () => {
  serve([stepOf(1, 'reload')]);
  cli.server.on(planRoutes.create, { json: made });

  const { out } = await run('plan make --all -- true'.split(' '));

  assert.equal(made.plan.digest, digest);
  assert.match(out, /On each host\n {2}web-1/);
  assert.match(out, /… and what 2 more hosts do: --full/);
});
